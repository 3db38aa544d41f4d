import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { commandLine, type Variable } from './command-line.ts';
import type { Environment } from './settings.ts';
import { projectRoot, workingCheckout } from './target-checkout.ts';

/** How the user called this script, as far as the commands that it shows depend on it. */
type Caller = { pnpm: readonly string[]; inFront: readonly Variable[] };

let caller: Caller = { pnpm: ['pnpm', '--dir', projectRoot], inFront: [] };

/** Remembers how this script was called, so that the commands that it shows work in the same place. */
export function rememberCaller(env: Environment, cwd = process.cwd()): void {
  // pnpm changes into this project's folder, and so does make, through it: INIT_CWD is where pnpm was called.
  const typedIn = env.MAKELEVEL === undefined ? (env.INIT_CWD ?? cwd) : undefined;
  const isHere = typedIn === projectRoot;
  caller = {
    pnpm: [...pnpmOf(env), ...(isHere ? [] : ['--dir', projectRoot])],
    inFront: [
      ['CLOUD_RUN_EMULATOR_HOST', env.CLOUD_RUN_EMULATOR_HOST || undefined],
      // From this project's folder, the user's checkout would not be found.
      ['OPENAGENTS_REPO_ROOT', env.OPENAGENTS_REPO_ROOT || (isHere ? undefined : workingCheckout(cwd, env))],
    ],
  };
}

/**
 * A command line that calls one of this project's scripts, ready to paste into a shell where the person is: with the variables that
 * the call needs, those that lead to a local Cloud Run and to the checkout included.
 */
export function ownCommand(
  script: string,
  args: readonly string[] = [],
  variables: readonly Variable[] = [],
): string {
  const others = caller.inFront.filter(([name]) => !variables.some(([given]) => given === name));
  return commandLine([...others, ...variables], [...caller.pnpm, 'tsx', `scripts/${script}.ts`, ...args]);
}

/** A pnpm of the person's own, or the way to have one that the README names: npx puts its own in a node_modules folder. */
function pnpmOf({ PATH = '' }: Environment): readonly string[] {
  const own = PATH.split(delimiter).filter((folder) => folder !== '' && !folder.includes('node_modules'));
  return own.some((folder) => existsSync(join(folder, 'pnpm'))) ? ['pnpm'] : ['npx', 'pnpm@12'];
}
