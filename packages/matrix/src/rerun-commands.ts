import { relative } from 'node:path';
import { commandLine, HERE, projectRoot, type TargetCheckout, type Variable } from '@deploy/cli';
import type { CheckId } from './outcome.ts';
import type { MatrixSettings } from './target.ts';

/**
 * Commands that rerun one check with this project's scripts; the user types them in the root of the target checkout.
 */
export type RerunCommands = {
  script(name: string, variables: readonly Variable[]): string;
  /** For a script that calls Google. The command also sets the project and region. */
  cloudScript(name: string, variables: readonly Variable[], ...args: string[]): string;
  /** For a check without its own script: the matrix, limited to this check. */
  matrix(id: CheckId, variables: readonly Variable[]): string;
};

export function rerunCommands(
  { emulatorHost, project, region }: Pick<MatrixSettings, 'emulatorHost' | 'project' | 'region'>,
  checkout: TargetCheckout,
): RerunCommands {
  const pnpm = (name: string, args: readonly string[]): string[] => [
    // People who copy the command from the results may not have pnpm.
    ...['npx', '--yes', 'pnpm@12'],
    '--dir',
    projectFrom(checkout),
    'tsx',
    `scripts/${name}.ts`,
    ...args,
  ];
  const emulator: Variable = ['CLOUD_RUN_EMULATOR_HOST', emulatorHost];
  return {
    script: (name, variables) => commandLine(variables, pnpm(name, [])),
    cloudScript: (name, variables, ...args) =>
      commandLine([emulator, ['PROJECT', project], ['REGION', region], ...variables], pnpm(name, args)),
    matrix: (id, variables) =>
      commandLine(
        [
          ['MATRIX_ONLY', id],
          // Set because pnpm changes to the project's folder, where the script would not find the checkout.
          ['OPENAGENTS_REPO_ROOT', HERE],
          emulator,
          ['GCP_PROJECT', project],
          ['GCP_REGION', region],
          ...variables,
        ],
        pnpm('validate-rust-cutover', []),
      ),
  };
}

/** The path to this project, relative if the project is in the target checkout. */
function projectFrom({ root }: TargetCheckout): string {
  const inside = relative(root, projectRoot);
  if (inside === '') return '.';
  return inside.startsWith('..') ? projectRoot : inside;
}
