import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { commandLine, type Variable } from './command-line.ts';
import type { Environment } from './settings.ts';
import { projectRoot, rememberFolder, workingCheckout } from './target-checkout.ts';

/** The beginning of the `pnpm` commands that this script shows: variables in front, and how to call pnpm. */
type Caller = { pnpm: readonly string[]; inFront: readonly Variable[] };

let caller: Caller = { pnpm: ['pnpm'], inFront: [] };

/**
 * Remembers how this script was called, so that the user can paste the commands it prints in any folder and terminal.
 */
export function rememberCaller(env: Environment, cwd = process.cwd()): void {
  const typedIn = rememberFolder(env, cwd);
  const { OPENAGENTS_REPO_ROOT: root } = env;
  caller = {
    pnpm: pnpmOf(env),
    inFront: [
      ['CLOUD_RUN_EMULATOR_HOST', env.CLOUD_RUN_EMULATOR_HOST || undefined],
      // Without this variable, a command that is pasted in another folder might find another checkout, or none.
      [
        'OPENAGENTS_REPO_ROOT',
        root
          ? resolve(typedIn ?? cwd, root)
          : (workingCheckout(typedIn ?? cwd, env) ?? workingCheckout(dirname(projectRoot), env)),
      ],
      ['SERVICE_DIR', env.SERVICE_DIR || undefined],
      ['WEB_SHELL_DIR', env.WEB_SHELL_DIR || undefined],
    ],
  };
}

/**
 * A command line that calls one of this project's scripts, ready to paste into the user's shell. It includes the
 * variables that the call needs, such as those that point to a local Cloud Run and to the checkout.
 */
export function ownCommand(
  script: string,
  args: readonly string[] = [],
  variables: readonly Variable[] = [],
): string {
  const others = caller.inFront.filter(([name]) => !variables.some(([given]) => given === name));
  return commandLine(
    [...others, ...variables],
    [...caller.pnpm, '--dir', projectRoot, 'tsx', `scripts/${script}.ts`, ...args],
  );
}

/** A gcloud command line, ready to paste, with the variables that point gcloud to a local Cloud Run if one is used. */
export function gcloudCommand(command: string): string {
  const [, host] = caller.inFront.find(([name]) => name === 'CLOUD_RUN_EMULATOR_HOST') ?? [];
  if (typeof host !== 'string') return command;
  const api = command.startsWith('gcloud secrets ') ? 'SECRETMANAGER' : 'RUN';
  return `${commandLine(gcloudVariables(host, [api]), [])} ${command}`;
}

/**
 * The variables that send gcloud's calls of these APIs to a local Cloud Run. gcloud puts a region in front of the
 * host's name, and the resulting name cannot be looked up. With the local Cloud Run as its proxy, gcloud need not look
 * it up.
 */
export function gcloudVariables(
  host: string,
  apis: readonly ('RUN' | 'LOGGING' | 'SECRETMANAGER')[],
): Variable[] {
  const { hostname, port } = new URL(`http://${host}`);
  return [
    ...apis.map((api): Variable => [`CLOUDSDK_API_ENDPOINT_OVERRIDES_${api}`, `http://localhost:${port}/`]),
    ['CLOUDSDK_PROXY_TYPE', 'http'],
    ['CLOUDSDK_PROXY_ADDRESS', hostname],
    ['CLOUDSDK_PROXY_PORT', port],
    ['CLOUDSDK_AUTH_ACCESS_TOKEN', 'local'],
  ];
}

/**
 * `pnpm` if the user has installed it, otherwise `npx pnpm@12`, as in the README. `--yes` keeps npx from asking. A pnpm
 * in a node_modules folder does not count: npx adds such a folder to the PATH of this script, not to the user's.
 */
function pnpmOf({ PATH = '' }: Environment): readonly string[] {
  const own = PATH.split(delimiter).filter((folder) => folder !== '' && !folder.includes('node_modules'));
  return own.some((folder) => existsSync(join(folder, 'pnpm'))) ? ['pnpm'] : ['npx', '--yes', 'pnpm@12'];
}
