import { relative } from 'node:path';
import { projectRoot, type TargetCheckout } from '@deploy/cli';
import { commandLine, HERE, type Variable } from './command-line.ts';
import type { CheckId } from './outcome.ts';
import type { MatrixSettings } from './target.ts';

/** What is typed, in the root of the target checkout, to rerun one check with this project's scripts. */
export type RerunCommands = {
  script(name: string, variables: readonly Variable[], ...args: string[]): string;
  /** A script that asks Google, with the project and the region that it is to ask about. */
  cloudScript(name: string, variables: readonly Variable[], ...args: string[]): string;
  /** For a check without a script of its own: the matrix, with nothing else asked of it. */
  matrix(id: CheckId, variables: readonly Variable[]): string;
};

export function rerunCommands(
  { emulatorHost, project, region }: Pick<MatrixSettings, 'emulatorHost' | 'project' | 'region'>,
  checkout: TargetCheckout,
): RerunCommands {
  const pnpm = (name: string, args: readonly string[]): string[] => [
    'pnpm',
    '--dir',
    projectFrom(checkout),
    'tsx',
    `scripts/${name}.ts`,
    ...args,
  ];
  const emulator: Variable = ['CLOUD_RUN_EMULATOR_HOST', emulatorHost];
  return {
    script: (name, variables, ...args) => commandLine(variables, pnpm(name, args)),
    cloudScript: (name, variables, ...args) =>
      commandLine([emulator, ['PROJECT', project], ['REGION', region], ...variables], pnpm(name, args)),
    matrix: (id, variables) =>
      commandLine(
        [
          ['MATRIX_ONLY', id],
          // pnpm goes to the folder of the project, from where the checkout would not be found again.
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

/** Where this project is: as seen from the target checkout when it lies in it. */
function projectFrom({ root }: TargetCheckout): string {
  const inside = relative(root, projectRoot);
  if (inside === '') return '.';
  return inside.startsWith('..') ? projectRoot : inside;
}
