import { join } from 'node:path';
import { commandLine, type Environment, type TargetCheckout } from '@deploy/cli';
import type { Planned } from './check.ts';
import { cargoTestWork } from './checks/cargo-test.ts';
import { type Command, childEnvironment, commandWork } from './checks/command.ts';
import { matrixSettings } from './settings.ts';

const MANIFEST = 'apps/runtime/Cargo.toml';
const HARNESS = 'scripts/run-cross-surface-contract-harness.sh';

/** The checks that run commands of the target checkout. */
export type CheckoutCommands = {
  runtimeSmoke(baseUrl: string): Planned;
  khalaTests(): Planned;
  crossSurfaceHarness(): Planned;
};

export function checkoutCommands({ root }: TargetCheckout, env: Environment): CheckoutCommands {
  const inCheckout = (words: Command['words'], more: Partial<Command> = {}): Command => ({
    words,
    env: childEnvironment(env, OWN_VARIABLES),
    cwd: root,
    ...more,
  });
  const planned = (work: Planned['work'], command: string): Planned => ({
    lane: 'one-by-one',
    work,
    command,
  });

  return {
    runtimeSmoke(baseUrl) {
      const words = (manifest: string): Command['words'] => [
        'cargo',
        'run',
        '--manifest-path',
        manifest,
        '--bin',
        'runtime-smoke',
      ];
      const { env: inherited, ...command } = inCheckout(words(join(root, MANIFEST)), {
        remark: `note: runtime-smoke writes a run into the store of ${baseUrl}, and leaves it there`,
      });
      return planned(
        commandWork({ ...command, env: { ...inherited, SMOKE_BASE_URL: baseUrl } }),
        commandLine([['SMOKE_BASE_URL', baseUrl]], words(MANIFEST)),
      );
    },

    khalaTests() {
      const words = (manifest: string): Command['words'] => [
        'cargo',
        'test',
        '--manifest-path',
        manifest,
        'server::tests::khala_topic_messages',
        '--',
        '--nocapture',
      ];
      return planned(
        cargoTestWork(inCheckout(words(join(root, MANIFEST)))),
        commandLine([], words(MANIFEST)),
      );
    },

    crossSurfaceHarness: () =>
      planned(commandWork(inCheckout([join(root, HARNESS)])), commandLine([], [HARNESS])),
  };
}

/** Variables that commands of the checkout do not get: this project's own secrets, and the matrix's output folder. */
const OWN_VARIABLES = [
  // The harness reads the same variable, and would write its own results into the matrix's folder.
  matrixSettings.outputDir.name,
  // These belong to the smoke script and maintenance-mode; the matrix does not read them.
  'OPENAGENTS_CONTROL_ACCESS_TOKEN',
  'MAINTENANCE_BYPASS_TOKEN',
  ...Object.values(matrixSettings).flatMap((setting) =>
    'secret' in setting && setting.secret ? [setting.name] : [],
  ),
];
