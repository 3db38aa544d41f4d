import { join, relative } from 'node:path';
import {
  type Environment,
  projectRoot,
  type Secret,
  type SettingsOf,
  type TargetCheckout,
} from '@deploy/cli';
import { chooseIdentity, requireJobName, requireLocation, type ServiceLocation } from '@deploy/cloudrun';
import { requireBaseUrl } from '@deploy/smoke';
import type { Check, CheckWork } from './check.ts';
import { canaryStatusWork } from './checks/canary-status.ts';
import { childEnvironment } from './checks/child-environment.ts';
import { commandWork } from './checks/command.ts';
import { driftWork } from './checks/drift.ts';
import { logProbeWork } from './checks/log-probe.ts';
import { controlWork, healthWork } from './checks/smoke.ts';
import { commandLine, HERE, type Variable } from './command-line.ts';
import { type CheckId, checkIds, type MatrixOutcome } from './outcome.ts';
import { matrixSettings, parseOnly } from './settings.ts';

export type MatrixSettings = SettingsOf<typeof matrixSettings>;

export type MatrixPlan = {
  /** All of them, in order. */
  checks: readonly Check[];
  environment: MatrixOutcome['environment'];
  /** What the operator should know before anything is run. */
  remarks: readonly string[];
};

type Draft = Omit<Check, 'id'>;

/**
 * What the settings come to: the twelve checks, each with what it does or why it is skipped. Throws a UserError that
 * names the variable when a setting cannot be used; nothing has been asked or run by then.
 */
export function planMatrix(given: MatrixSettings, checkout: TargetCheckout, env: Environment): MatrixPlan {
  const only = parseOnly(given.only);
  const urls = {
    stagingControl: requireBaseUrl(given.stagingControlUrl, 'STAGING_CONTROL_BASE_URL'),
    prodControl: requireBaseUrl(given.prodControlUrl, 'PROD_CONTROL_BASE_URL'),
    stagingRuntime:
      given.stagingRuntimeUrl && requireBaseUrl(given.stagingRuntimeUrl, 'STAGING_RUNTIME_BASE_URL'),
    prodRuntime: given.prodRuntimeUrl && requireBaseUrl(given.prodRuntimeUrl, 'PROD_RUNTIME_BASE_URL'),
  };
  const place = { project: given.project, region: given.region };
  const names = { project: 'GCP_PROJECT', region: 'GCP_REGION' };
  const control = requireLocation(
    { ...place, service: given.controlService },
    { ...names, service: 'CONTROL_SERVICE' },
  );
  const runtime = requireLocation(
    { ...place, service: given.runtimeService },
    { ...names, service: 'RUNTIME_SERVICE' },
  );
  requireJobName(given.migrateJob, 'MIGRATE_JOB');
  const connection = { emulatorHost: given.emulatorHost, identity: chooseIdentity(given) };
  const stagingBypass = given.stagingBypassToken ?? given.ambientBypassToken;
  const isAmbient = given.stagingBypassToken === undefined && given.ambientBypassToken !== undefined;
  const remark = isAmbient
    ? 'OPENAGENTS_MAINTENANCE_BYPASS_TOKEN goes to staging only; production has PROD_MAINTENANCE_BYPASS_TOKEN'
    : undefined;

  const drafts: Record<CheckId, Draft> = {
    'control-staging-health': health('staging', urls.stagingControl),
    'control-staging-smoke': smoke(
      'staging',
      urls.stagingControl,
      given.stagingAccessToken,
      stagingBypass,
      remark,
    ),
    'control-prod-health': health('production', urls.prodControl),
    'control-prod-smoke': smoke(
      'production',
      urls.prodControl,
      given.prodAccessToken,
      given.prodBypassToken,
      undefined,
    ),
    'runtime-staging-smoke': runtimeSmoke('staging', urls.stagingRuntime, 'STAGING_RUNTIME_BASE_URL'),
    'runtime-prod-smoke': runtimeSmoke('production', urls.prodRuntime, 'PROD_RUNTIME_BASE_URL'),
    'runtime-migration-drift': {
      required: true,
      description:
        'The runtime, its migration job and the last migration agree on the image, and that migration succeeded',
      plan: switched(given.runDriftCheck, 'RUN_RUNTIME_DRIFT_CHECK', () => ({
        lane: 'at-once',
        command: thisCheckAgain('runtime-migration-drift', [
          ['RUNTIME_SERVICE', given.runtimeService],
          ['MIGRATE_JOB', given.migrateJob],
          ['EXPECTED_IMAGE', given.expectedImage],
        ]),
        work: driftWork({
          connection,
          location: runtime,
          job: given.migrateJob,
          expectedImage: given.expectedImage,
        }),
      })),
    },
    'khala-contract-tests': {
      required: true,
      description: "The runtime's contract tests of its Khala topics",
      plan: switched(given.runKhalaTests, 'RUN_KHALA_CONTRACT_TESTS', () =>
        cargo(['test'], ['server::tests::khala_topic_messages', '--', '--nocapture'], {}),
      ),
    },
    'cross-surface-contract-harness': {
      required: false,
      description: 'The contract harness across all surfaces',
      plan: switched(given.runCrossSurface, 'RUN_CROSS_SURFACE', () => ({
        lane: 'one-by-one',
        command: HARNESS,
        work: commandWork({ words: [join(checkout.root, HARNESS)], env: childEnv({}), cwd: checkout.root }),
      })),
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
      description: 'What the control service serves can be read',
      plan: switched(given.runLogProbes, 'RUN_LOG_PROBES', () => ({
        lane: 'at-once',
        command: ourScript(
          'canary-rollout',
          [...cloudVariables('PROJECT', 'REGION'), ['SERVICE', control.service]],
          'status',
        ),
        work: canaryStatusWork(connection, control),
      })),
    },
  };
  return {
    checks: checkIds.map((id) => {
      const draft = drafts[id];
      return only.has(id) ? { id, ...draft } : { id, ...draft, plan: { skip: 'not in MATRIX_ONLY' } };
    }),
    environment: {
      STAGING_CONTROL_BASE_URL: urls.stagingControl,
      PROD_CONTROL_BASE_URL: urls.prodControl,
      STAGING_RUNTIME_BASE_URL: urls.stagingRuntime ?? null,
      PROD_RUNTIME_BASE_URL: urls.prodRuntime ?? null,
      GCP_PROJECT: given.project,
      GCP_REGION: given.region,
      CONTROL_SERVICE: given.controlService,
      RUNTIME_SERVICE: given.runtimeService,
      MIGRATE_JOB: given.migrateJob,
    },
    remarks: remark === undefined ? [] : [remark],
  };

  function smokeOptions(baseUrl: string) {
    return { baseUrl, timeoutMs: given.timeoutSeconds * 1000, retries: given.retries };
  }

  function health(where: string, baseUrl: string): Draft {
    return {
      required: true,
      description: `The control service in ${where} says that it is healthy and ready`,
      plan: {
        lane: 'at-once',
        command: ourScript('smoke-health', [['OPENAGENTS_BASE_URL', baseUrl]]),
        work: healthWork(smokeOptions(baseUrl)),
      },
    };
  }

  function smoke(
    where: string,
    baseUrl: string,
    accessToken: Secret | undefined,
    bypassToken: Secret | undefined,
    remark: string | undefined,
  ): Draft {
    return {
      required: true,
      description: `The control service in ${where} does what it must`,
      plan: {
        lane: 'at-once',
        command: ourScript('smoke-control', [
          ['OPENAGENTS_BASE_URL', baseUrl],
          ['OPENAGENTS_CONTROL_ACCESS_TOKEN', accessToken],
          ['OPENAGENTS_MAINTENANCE_BYPASS_TOKEN', bypassToken],
        ]),
        work: controlWork({ ...smokeOptions(baseUrl), accessToken, bypassToken, remark }),
      },
    };
  }

  function runtimeSmoke(where: string, baseUrl: string | undefined, variable: string): Draft {
    return {
      required: true,
      description: `The runtime in ${where} passes its own smoke program`,
      plan:
        baseUrl === undefined
          ? { skip: `${variable} is unset` }
          : cargo(
              ['run'],
              ['--bin', 'runtime-smoke'],
              { SMOKE_BASE_URL: baseUrl },
              `note: runtime-smoke writes a run into the store of ${baseUrl}, and leaves it there`,
            ),
    };
  }

  function logProbe(id: CheckId, what: string, location: ServiceLocation, variable: string): Draft {
    return {
      required: true,
      description: `The error logs of the ${what} can be read`,
      plan: switched(given.runLogProbes, 'RUN_LOG_PROBES', () => ({
        lane: 'at-once',
        command: thisCheckAgain(id, [
          [variable, location.service],
          ['FAIL_ON_ERROR_LOGS', given.failOnErrorLogs ? '1' : undefined],
        ]),
        work: logProbeWork({ connection, location, variable, failOnEntries: given.failOnErrorLogs }),
      })),
    };
  }

  /** A cargo command on the runtime: `before` and `after` stand around the manifest's path. */
  function cargo(
    before: readonly string[],
    after: readonly string[],
    variables: Record<string, string>,
    remark?: string,
  ): Planned {
    const words = (manifest: string): [string, ...string[]] => [
      'cargo',
      ...before,
      '--manifest-path',
      manifest,
      ...after,
    ];
    return {
      lane: 'one-by-one',
      command: commandLine(Object.entries(variables), words(RUNTIME_MANIFEST)),
      work: commandWork({
        words: words(join(checkout.root, RUNTIME_MANIFEST)),
        env: childEnv(variables),
        cwd: checkout.root,
        ...(remark && { remark }),
      }),
    };
  }

  /** What the operator's own commands get, without the tokens that are for the control service and for Google. */
  function childEnv(variables: Record<string, string>): Record<string, string> {
    return { ...childEnvironment(env, OWN_SECRETS), ...variables };
  }

  function cloudVariables(project: string, region: string): Variable[] {
    return [
      ['CLOUD_RUN_EMULATOR_HOST', given.emulatorHost],
      [project, given.project],
      [region, given.region],
    ];
  }

  /** For a check that has no script of its own: this one, with nothing else asked of it. */
  function thisCheckAgain(id: CheckId, variables: readonly Variable[]): string {
    return ourScript('validate-rust-cutover', [
      ['MATRIX_ONLY', id],
      ['OPENAGENTS_REPO_ROOT', HERE],
      ...cloudVariables('GCP_PROJECT', 'GCP_REGION'),
      ...variables,
    ]);
  }

  function ourScript(
    name: string,
    variables: readonly (Variable | readonly [string, typeof HERE])[],
    ...args: string[]
  ): string {
    return commandLine(variables, [
      'pnpm',
      '--dir',
      fromCheckout(checkout),
      'tsx',
      `scripts/${name}.ts`,
      ...args,
    ]);
  }
}

const RUNTIME_MANIFEST = 'apps/runtime/Cargo.toml';
const HARNESS = 'scripts/run-cross-surface-contract-harness.sh';
const OWN_SECRETS = [
  // The smoke script's own; the matrix does not read it.
  'OPENAGENTS_CONTROL_ACCESS_TOKEN',
  ...Object.values(matrixSettings).flatMap((setting) =>
    'secret' in setting && setting.secret ? [setting.name] : [],
  ),
];

type Planned = { work: CheckWork; lane: 'at-once' | 'one-by-one'; command: string };

function switched(isOn: boolean, variable: string, plan: () => Planned): Check['plan'] {
  return isOn ? plan() : { skip: `${variable}=0` };
}

/** Where this project is, as seen from the target checkout when it lies in it. */
function fromCheckout({ root }: TargetCheckout): string {
  const inside = relative(root, projectRoot);
  return inside === '' ? '.' : inside.startsWith('..') ? projectRoot : inside;
}
