import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from './errors.ts';
import { type Environment, text, textWithDefault } from './settings.ts';

/** The checkout of the OpenAgents repository that gates and reports work on. */
export type TargetCheckout = {
  /** Absolute path. */
  root: string;
  /** Relative to the root. */
  serviceDir: string;
  /** Relative to the root. */
  webShellDir: string;
};

export const checkoutSettings = {
  repoRoot: text(
    'OPENAGENTS_REPO_ROOT',
    'checkout of the OpenAgents repository; by default found from the working directory',
  ),
  serviceDir: textWithDefault(
    'SERVICE_DIR',
    'apps/openagents.com/service',
    'the control service in that checkout',
  ),
  webShellDir: textWithDefault(
    'WEB_SHELL_DIR',
    'apps/openagents.com/web-shell',
    'the web shell in that checkout',
  ),
};

const PNPM_DIR =
  ' pnpm --dir runs in its own folder and does not tell the script where you called it. From inside the checkout, set: OPENAGENTS_REPO_ROOT="$(git rev-parse --show-toplevel)"';

/** The root of this project: the folder that contains `packages/` and `scripts/`. */
export const projectRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

let calledFrom: string | undefined;

/**
 * Remembers the folder in which a person called the script, if that is known. `npx pnpm --dir` and `make` change into
 * this project's folder, but set a variable that says where they were called. An installed pnpm also changes into it,
 * but sets no such variable.
 */
export function rememberFolder(env: Environment, cwd = process.cwd()): string | undefined {
  if (cwd !== projectRoot) calledFrom = cwd;
  else if (env.MAKELEVEL !== undefined) calledFrom = env.MAKE_INIT_CWD || undefined;
  else calledFrom = env.INIT_CWD || (env.PNPM_PACKAGE_NAME ? undefined : cwd);
  return calledFrom;
}

/** The absolute path. A relative one starts in the folder in which the script was called, if that is known. */
export function pathOfCaller(path: string): string {
  return resolve(calledFrom ?? process.cwd(), path);
}

/**
 * Finds the target checkout: OPENAGENTS_REPO_ROOT, or else the first git root with the service, at or above one of
 * three folders. In this order, these are the one in which the script was called, the working directory, and the one
 * that contains this project. Throws a UserError that says what was tried.
 */
export function findTargetCheckout(settings: {
  repoRoot: string | undefined;
  serviceDir: string;
  webShellDir: string;
}): TargetCheckout {
  const { serviceDir, webShellDir } = settings;
  requireInside('SERVICE_DIR', serviceDir);
  requireInside('WEB_SHELL_DIR', webShellDir);
  const holdsService = (root: string): boolean => existsSync(join(root, serviceDir));

  if (settings.repoRoot !== undefined) {
    const root = pathOfCaller(settings.repoRoot);
    if (holdsService(root)) return { root, serviceDir, webShellDir };
    throw new UserError(`OPENAGENTS_REPO_ROOT is ${root}, which has no ${serviceDir}`, {
      hint: 'Point it at a checkout of the OpenAgents repository, or set SERVICE_DIR to where the service is in it.',
    });
  }

  const starts = [...new Set([calledFrom ?? process.cwd(), process.cwd(), dirname(projectRoot)])];
  for (const start of starts) {
    const root = gitRoot(start);
    if (root !== undefined && holdsService(root)) return { root, serviceDir, webShellDir };
  }
  const tried = new Set(starts.map((start) => gitRoot(start) ?? `${start} (not in a git checkout)`));
  throw new UserError(
    `no checkout of the OpenAgents repository found; tried ${[...tried].join(' and ')} for ${serviceDir}`,
    {
      hint: `Run from inside the checkout, or set OPENAGENTS_REPO_ROOT=<its root>.${process.cwd() === projectRoot ? PNPM_DIR : ''}`,
    },
  );
}

/** The root of the checkout that contains `folder`; undefined if no checkout does, or if the service is not in it. */
export function workingCheckout(
  folder: string,
  env: { readonly SERVICE_DIR?: string | undefined },
): string | undefined {
  const root = gitRoot(folder);
  const serviceDir = env.SERVICE_DIR || checkoutSettings.serviceDir.defaultText || '';
  return root !== undefined && existsSync(join(root, serviceDir)) ? root : undefined;
}

/** The nearest folder, at or above `start`, with a `.git` (a folder, or a file in worktrees and submodules). */
function gitRoot(start: string): string | undefined {
  let folder = resolve(start);
  while (!existsSync(join(folder, '.git'))) {
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  return folder;
}

function requireInside(name: string, folder: string): void {
  const outside = isAbsolute(folder) || relative('/checkout', join('/checkout', folder)).startsWith('..');
  if (outside) {
    throw new UserError(`${name} is ${folder}, but must be a path inside the checkout, relative to its root`);
  }
}
