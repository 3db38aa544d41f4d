import { join } from 'node:path';
import { commandLine, type Environment, type TargetCheckout } from '@deploy/cli';
import type { Planned } from './check.ts';
import { cargoTestWork } from './checks/cargo-test.ts';
import { type Command, childEnvironment, commandWork } from './checks/command.ts';
import { matrixSettings } from './settings.ts';

const MANIFEST = 'apps/runtime/Cargo.toml';
const HARNESS = 'scripts/run-cross-surface-contract-harness.sh';

/** The checks that run commands of the target checkout. */
export function checkoutCommands({ root }: TargetCheckout, env: Environment) {
  const inherited = childEnvironment(env, OWN_VARIABLES);
  const inCheckout = (words: Command['words']): Command => ({ words, env: inherited, cwd: root });
  const planned = (work: Planned['work'], command: string): Planned => ({
    lane: 'one-by-one',
    work,
    command,
  });

  return {
    runtimeSmoke(baseUrl: string): Planned {
      const words = (manifest: string): Command['words'] => [
        'cargo',
        'run',
        '--manifest-path',
        manifest,
        '--bin',
        'runtime-smoke',
      ];
      return planned(
        commandWork({
          ...inCheckout(words(join(root, MANIFEST))),
          env: { ...inherited, SMOKE_BASE_URL: baseUrl },
          remark: `note: runtime-smoke writes a run into the store of ${baseUrl} and leaves it there`,
        }),
        commandLine([['SMOKE_BASE_URL', baseUrl]], words(MANIFEST)),
      );
    },

    khalaTests(): Planned {
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

    crossSurfaceHarness: (): Planned =>
      planned(commandWork(inCheckout([join(root, HARNESS)])), commandLine([], [HARNESS])),
  };
}

/** Variables that commands of the checkout do not get: this project's own secrets, and the matrix's output folder. */
const OWN_VARIABLES = [
  // The contract harness reads this variable too, and would write its own results into the matrix's folder.
  matrixSettings.outputDir.name,
  // Tokens for smoke-control and maintenance-mode, which are not among the matrix's settings.
  'OPENAGENTS_CONTROL_ACCESS_TOKEN',
  'MAINTENANCE_BYPASS_TOKEN',
  ...Object.values(matrixSettings).flatMap((setting) =>
    'secret' in setting && setting.secret ? [setting.name] : [],
  ),
];
