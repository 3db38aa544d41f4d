import { type Environment, proxyFor, requireRehearsalUrl, type TargetCheckout } from '@deploy/cli';
import type { ServiceLocation } from '@deploy/cloudrun';
import type { MatrixCheck, Planned } from './check.ts';
import { checkoutCommands } from './checkout-commands.ts';
import { canaryStatusWork } from './checks/canary-status.ts';
import { driftWork } from './checks/drift.ts';
import { logProbeWork } from './checks/log-probe.ts';
import { controlWork, healthWork } from './checks/smoke.ts';
import { parseOnly } from './only.ts';
import { type CheckId, checkIds, type MatrixOutcome } from './outcome.ts';
import { rerunCommands } from './rerun-commands.ts';
import { type ControlTarget, type MatrixSettings, type MatrixTarget, readTarget } from './target.ts';

export type MatrixPlan = {
  /** All twelve checks, in the order of `checkIds`. */
  checks: readonly MatrixCheck[];
  environment: MatrixOutcome['environment'];
  /** Notes to show the operator before anything runs. */
  remarks: readonly string[];
};

/**
 * Turns the settings into the twelve checks, each with its work or the reason why it is skipped. Throws a UserError
 * that names the variable when a setting cannot be used, before any request is sent or command run.
 */
export function planMatrix(given: MatrixSettings, checkout: TargetCheckout, env: Environment): MatrixPlan {
  const only = parseOnly(given.only);
  const target = readTarget(given, env);
  requireRehearsal(given.emulatorHost, target, only);
  // An invalid proxy is refused once, here, instead of by each check.
  for (const { baseUrl } of [target.staging, target.production]) proxyFor(new URL(baseUrl), env);
  const drafts = draftChecks(given, target, checkout, env);
  return {
    checks: checkIds.map((id) => {
      const draft = { id, ...drafts[id] };
      return only.has(id) ? draft : { ...draft, plan: { skip: 'not in MATRIX_ONLY' } };
    }),
    environment: environmentOf(given, target),
    remarks: target.staging.remark === undefined ? [] : [target.staging.remark],
  };
}

/**
 * With a local Cloud Run, the URLs of all selected checks must be local too, so that a rehearsal never calls real
 * services. The default URLs of the two control services are not local, so they are refused as well.
 */
function requireRehearsal(
  emulatorHost: string | undefined,
  { staging, production, stagingRuntimeUrl, prodRuntimeUrl }: MatrixTarget,
  only: ReadonlySet<CheckId>,
): void {
  const asked: [CheckId, string | undefined, string][] = [
    ['control-staging-health', staging.baseUrl, 'STAGING_CONTROL_BASE_URL'],
    ['control-staging-smoke', staging.baseUrl, 'STAGING_CONTROL_BASE_URL'],
    ['control-prod-health', production.baseUrl, 'PROD_CONTROL_BASE_URL'],
    ['control-prod-smoke', production.baseUrl, 'PROD_CONTROL_BASE_URL'],
    ['runtime-staging-smoke', stagingRuntimeUrl, 'STAGING_RUNTIME_BASE_URL'],
    ['runtime-prod-smoke', prodRuntimeUrl, 'PROD_RUNTIME_BASE_URL'],
  ];
  for (const [check, url, variable] of asked) {
    if (url !== undefined && only.has(check)) requireRehearsalUrl(emulatorHost, url, variable);
  }
}

type Draft = Omit<MatrixCheck, 'id'>;

function draftChecks(
  given: MatrixSettings,
  target: MatrixTarget,
  checkout: TargetCheckout,
  env: Environment,
): Record<CheckId, Draft> {
  const { staging, production, connection, control, runtime, migrateJob: job } = target;
  const http = { ...target.http, script: 'validate-rust-cutover', env };
  const rerun = rerunCommands(given, checkout);
  const local = checkoutCommands(checkout, env);

  const health = ({ where, baseUrl }: ControlTarget): Draft => ({
    required: true,
    description: `The control service in ${where} says that it is healthy and ready`,
    plan: {
      lane: 'at-once',
      command: rerun.script('smoke-health', [['OPENAGENTS_BASE_URL', baseUrl]]),
      work: healthWork({ baseUrl, ...http }),
    },
  });
  const smoke = ({ where, ...service }: ControlTarget): Draft => ({
    required: true,
    description: `The control service in ${where} passes its smoke checks`,
    plan: {
      lane: 'at-once',
      command: rerun.script('smoke-control', [
        ['OPENAGENTS_BASE_URL', service.baseUrl],
        ['OPENAGENTS_CONTROL_ACCESS_TOKEN', service.accessToken],
        ['OPENAGENTS_MAINTENANCE_BYPASS_TOKEN', service.bypassToken],
      ]),
      work: controlWork({ ...service, ...http }),
    },
  });
  const runtimeSmoke = (where: string, baseUrl: string | undefined, variable: string): Draft => ({
    required: true,
    description: `The runtime in ${where} passes its own smoke program`,
    plan: baseUrl === undefined ? { skip: `${variable} is unset` } : local.runtimeSmoke(baseUrl),
  });
  const logProbe = (id: CheckId, what: string, location: ServiceLocation, variable: string): Draft => ({
    required: true,
    description: `The error logs of the ${what} can be read`,
    plan: switched(given.runLogProbes, 'RUN_LOG_PROBES', () => ({
      lane: 'at-once',
      command: rerun.matrix(id, [
        [variable, location.service],
        ['FAIL_ON_ERROR_LOGS', given.failOnErrorLogs ? '1' : undefined],
      ]),
      work: logProbeWork({ connection, location, variable, failOnEntries: given.failOnErrorLogs }),
    })),
  });

  return {
    'control-staging-health': health(staging),
    'control-staging-smoke': smoke(staging),
    'control-prod-health': health(production),
    'control-prod-smoke': smoke(production),
    'runtime-staging-smoke': runtimeSmoke('staging', target.stagingRuntimeUrl, 'STAGING_RUNTIME_BASE_URL'),
    'runtime-prod-smoke': runtimeSmoke('production', target.prodRuntimeUrl, 'PROD_RUNTIME_BASE_URL'),
    'runtime-migration-drift': {
      required: true,
      description:
        'The runtime, its migration job and the last migration agree on the image, and that migration succeeded',
      plan: switched(given.runDriftCheck, 'RUN_RUNTIME_DRIFT_CHECK', () => ({
        lane: 'at-once',
        command: rerun.matrix('runtime-migration-drift', [
          ['RUNTIME_SERVICE', runtime.service],
          ['MIGRATE_JOB', job],
          ['EXPECTED_IMAGE', given.expectedImage],
        ]),
        work: driftWork({ connection, location: runtime, job, expectedImage: given.expectedImage }),
      })),
    },
    'khala-contract-tests': {
      required: true,
      description: 'The runtime passes the contract tests of its Khala topics',
      plan: switched(given.runKhalaTests, 'RUN_KHALA_CONTRACT_TESTS', local.khalaTests),
    },
    'cross-surface-contract-harness': {
      required: false,
      description: 'The contract harness passes across all surfaces',
      plan: switched(given.runCrossSurface, 'RUN_CROSS_SURFACE', local.crossSurfaceHarness),
    },
    'control-error-log-probe': logProbe(
      'control-error-log-probe',
      'control service',
      control,
      'CONTROL_SERVICE',
    ),
    'runtime-error-log-probe': logProbe('runtime-error-log-probe', 'runtime', runtime, 'RUNTIME_SERVICE'),
    'control-canary-status': {
      required: true,
      description: 'The traffic split of the control service can be read',
      plan: switched(given.runLogProbes, 'RUN_LOG_PROBES', () => ({
        lane: 'at-once',
        command: rerun.cloudScript('canary-rollout', [['SERVICE', control.service]], 'status'),
        work: canaryStatusWork(connection, control),
      })),
    },
  };
}

function switched(isOn: boolean, variable: string, plan: () => Planned): MatrixCheck['plan'] {
  return isOn ? plan() : { skip: `${variable}=0` };
}

function environmentOf(given: MatrixSettings, target: MatrixTarget): MatrixOutcome['environment'] {
  return {
    STAGING_CONTROL_BASE_URL: target.staging.baseUrl,
    PROD_CONTROL_BASE_URL: target.production.baseUrl,
    STAGING_RUNTIME_BASE_URL: target.stagingRuntimeUrl ?? null,
    PROD_RUNTIME_BASE_URL: target.prodRuntimeUrl ?? null,
    GCP_PROJECT: given.project,
    GCP_REGION: given.region,
    CONTROL_SERVICE: given.controlService,
    RUNTIME_SERVICE: given.runtimeService,
    MIGRATE_JOB: given.migrateJob,
  };
}
