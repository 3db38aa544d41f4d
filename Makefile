# The scripts as make targets. A script's variables go after the target, or are set in the environment:
#
#   make deploy-staging PROJECT=openagentsgemini IMAGE=…
#   make canary-shift STABLE=… CANARY=… PERCENT=5
#
# make ends with 2 whenever a target fails; the script's own exit code is in the line that make prints.

HERE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
# The folder that make was called in, where scripts look for the checkout. The recipes run in this folder instead, and
# so does make -C.
export MAKE_INIT_CWD := $(if $(filter-out $(HERE),$(CURDIR)/),$(CURDIR),$(PWD))
PNPM := cd "$(HERE)" && npx --yes pnpm@12
RUN := $(PNPM) tsx

.PHONY: help
help: ## lists these targets
	@grep -hE '^[a-z-]+:.*## ' "$(HERE)Makefile" | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | \
	  while IFS="$$(printf '\t')" read -r target does; do printf '%-20s %s\n' "$$target" "$$does"; done

.PHONY: preflight deploy-staging deploy-production gates gates-explain
preflight: ## checks the preconditions of a deployment (IMAGE)
	$(RUN) scripts/preflight.ts
deploy-staging: ## builds, verifies, and deploys a revision without traffic (IMAGE)
	$(RUN) scripts/deploy-staging.ts
deploy-production: ## the same for production (IMAGE)
	$(RUN) scripts/deploy-production.ts
gates: ## runs only the verification gates
	$(RUN) scripts/gates.ts
gates-explain: ## shows which gates' verdicts are cached, and why others are not
	$(RUN) scripts/gates.ts --explain

.PHONY: canary-status canary-deploy canary-shift promote judge rollback
canary-status: ## shows what serves now (SERVICE)
	$(RUN) scripts/canary-rollout.ts status
canary-deploy: ## deploys a revision without traffic, and does nothing else (SERVICE, IMAGE)
	$(RUN) scripts/canary-rollout.ts deploy-no-traffic "$${IMAGE:?must be the image to deploy}"
canary-shift: ## gives the canary a share of the traffic (SERVICE, STABLE, CANARY, PERCENT)
	$(RUN) scripts/canary-rollout.ts set-traffic "$${STABLE:?must be the stable revision}" \
	  "$${CANARY:?must be the new revision}" "$${PERCENT:?must be the canary's share}"
promote: ## raises the canary to 100 % step by step, or rolls it back (SERVICE, CANARY)
	$(RUN) scripts/canary-rollout.ts promote $${CANARY:+"$$CANARY"}
judge: ## judges the canary's last window (SERVICE, STABLE, CANARY), or a recorded one (FILE)
	if [ -n "$${FILE-}" ]; then $(RUN) scripts/canary-rollout.ts judge --file "$$FILE"; \
	else $(RUN) scripts/canary-rollout.ts judge "$${STABLE:?must be the stable revision}" "$${CANARY:?must be the new revision}"; fi
rollback: ## gives all traffic to the stable revision (SERVICE, STABLE)
	$(RUN) scripts/canary-rollout.ts rollback "$${STABLE:?must be the revision to go back to}"

.PHONY: smoke smoke-health smoke-control
smoke: smoke-health smoke-control ## runs both smoke scripts (OPENAGENTS_BASE_URL)
smoke-health: ## checks health and readiness (OPENAGENTS_BASE_URL)
	$(RUN) scripts/smoke-health.ts
smoke-control: ## checks everything else that the service must do (OPENAGENTS_BASE_URL)
	$(RUN) scripts/smoke-control.ts

.PHONY: maintenance-status maintenance-on maintenance-off
maintenance-status: ## shows whether a maintenance window is open (SERVICE)
	$(RUN) scripts/maintenance-mode.ts status
maintenance-on: ## opens a maintenance window (SERVICE)
	$(RUN) scripts/maintenance-mode.ts enable
maintenance-off: ## closes the maintenance window (SERVICE)
	$(RUN) scripts/maintenance-mode.ts disable

.PHONY: validate
validate: ## runs the validation matrix on staging and production
	$(RUN) scripts/validate-rust-cutover.ts

.PHONY: rehearse emulator test check
rehearse: ## rehearses a whole rollout on this machine
	$(PNPM) rehearse
emulator: ## starts a local Cloud Run to play with
	$(PNPM) emulator
test: ## runs the tests
	$(PNPM) test
check: ## checks types, lint, format, dead code
	$(PNPM) check
