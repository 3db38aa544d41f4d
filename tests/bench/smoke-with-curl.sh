#!/usr/bin/env bash
# What one would write without this project: the requests of scripts/smoke-control.ts with curl, one after another, each
# on a connection of its own. Base URL, CA file (may be empty) and access token (may be empty) as arguments.
set -euo pipefail
base=$1 ca=$2 token=$3
ask() { curl --silent --show-error ${ca:+--cacert "$ca"} --max-time 30 "$@"; }
status() { ask --output /dev/null --write-out '%{http_code}' "$@"; }
below_400() { [[ $(status "$@") -lt 400 ]]; }
head_of() { ask --head "$base/$1" | tr -d '\r' | tr '[:upper:]' '[:lower:]'; }
auth=(--header "Authorization: Bearer $token")

below_400 "$base/readyz"
status "$base/healthz" >/dev/null || true
if [[ -n $token ]]; then below_400 "${auth[@]}" "$base/api/v1/control/status"
else [[ $(status "$base/api/v1/control/status") =~ ^(200|401)$ ]]; fi
manifest=$(ask --fail "$base/manifest.json")
[[ $manifest == *'"openagents.webshell.v2"'* ]]
entry=$(sed -n 's/.*"js"[^"]*"\([^"]*\)".*/\1/p' <<<"$manifest")
head_of manifest.json | grep -q '^cache-control:.*no-cache'
head_of sw.js | grep -q '^cache-control:.*no-cache'
head_of "$entry" | grep -Eq '^cache-control:.*(immutable|max-age=)'
[[ -n $token ]] || exit 0
below_400 "${auth[@]}" "$base/api/auth/session"
below_400 "${auth[@]}" "$base/api/v1/auth/session"
for path in api/sync/token api/v1/sync/token; do
  below_400 "${auth[@]}" --header 'Content-Type: application/json' \
    --data '{"scopes":["runtime.codex_worker_events"]}' "$base/$path"
done
