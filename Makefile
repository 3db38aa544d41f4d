# The scripts as make targets. A script's variables go after the target, or are set in the environment:
#
#   make deploy-staging PROJECT=openagentsgemini IMAGE=…
#   make canary-shift STABLE=… CANARY=… PERCENT=5
#
# make ends with 2 whenever a target fails; the script's own exit code is in the line that make prints.

HERE := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))
# Where make was called, for scripts that look for the checkout there: the recipes run in this folder, and so does make -C.
export MAKE_INIT_CWD := $(if $(filter-out $(HERE),$(CURDIR)/),$(CURDIR),$(PWD))
PNPM := cd "$(HERE)" && npx --yes pnpm@12
RUN := $(PNPM) tsx

.PHONY: help
help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' "$(HERE)Makefile" | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | \
	  while IFS="$$(printf '\t')" read -r target does; do printf '%-20s %s\n' "$$target" "$$does"; done

.PHONY: preflight deploy-staging deploy-production gates gates-explain
preflight: ## checks the preconditions of a deployment (IMAGE)
	$(RUN) scripts/preflight.ts
deploy-staging: ## builds, verifies, and deploys a revision without traffic (IMAGE)
	$(RUN) scripts/deploy-staging.ts
deploy-production: ## the same for production (IMAGE)
	$(RUN) scripts/deploy-production.ts
gates: ## the verification gates alone
	$(RUN) scripts/gates.ts
gates-explain: ## which gates' verdicts are cached, and why not
	$(RUN) scripts/gates.ts --explain

.PHONY: canary-status canary-deploy canary-shift promote judge rollback
canary-status: ## what serves now (SERVICE)
	$(RUN) scripts/canary-rollout.ts status
canary-deploy: ## a revision without traffic (SERVICE, IMAGE)
	$(RUN) scripts/canary-rollout.ts deploy-no-traffic "$${IMAGE:?is the image to deploy}"
canary-shift: ## traffic to the canary (SERVICE, STABLE, CANARY, PERCENT)
	$(RUN) scripts/canary-rollout.ts set-traffic "$${STABLE:?is the stable revision}" \
	  "$${CANARY:?is the new revision}" "$${PERCENT:?is what the canary gets}"
promote: ## the canary to 100 % step by step, and back by itself (SERVICE, CANARY)
	$(RUN) scripts/canary-rollout.ts promote $${CANARY:+"$$CANARY"}
judge: ## the verdict on the canary's last window (SERVICE, STABLE, CANARY), or on recorded ones (FILE)
	if [ -n "$${FILE-}" ]; then $(RUN) scripts/canary-rollout.ts judge --file "$$FILE"; \
	else $(RUN) scripts/canary-rollout.ts judge "$${STABLE:?is the stable revision}" "$${CANARY:?is the new revision}"; fi
rollback: ## all traffic to the stable revision (SERVICE, STABLE)
	$(RUN) scripts/canary-rollout.ts rollback "$${STABLE:?is the revision to go back to}"

.PHONY: smoke smoke-health smoke-control
smoke: smoke-health smoke-control ## both smoke scripts (OPENAGENTS_BASE_URL)
smoke-health: ## health and readiness (OPENAGENTS_BASE_URL)
	$(RUN) scripts/smoke-health.ts
smoke-control: ## all that the control service must do (OPENAGENTS_BASE_URL)
	$(RUN) scripts/smoke-control.ts

.PHONY: maintenance-status maintenance-on maintenance-off
maintenance-status: ## how the maintenance window stands (SERVICE)
	$(RUN) scripts/maintenance-mode.ts status
maintenance-on: ## opens the maintenance window (SERVICE)
	$(RUN) scripts/maintenance-mode.ts enable
maintenance-off: ## closes it (SERVICE)
	$(RUN) scripts/maintenance-mode.ts disable

.PHONY: validate
validate: ## the validation matrix over staging and production
	$(RUN) scripts/validate-rust-cutover.ts

.PHONY: rehearse emulator test check
rehearse: ## a whole rollout on this machine
	$(PNPM) rehearse
emulator: ## a local Cloud Run to play with
	$(PNPM) emulator
test: ## the tests
	$(PNPM) test
check: ## types, lint, format, dead code
	$(PNPM) check
