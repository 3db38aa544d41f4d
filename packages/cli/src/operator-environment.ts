import { delimiter, join, relative } from 'node:path';
import type { Environment } from './settings.ts';
import { projectRoot } from './target-checkout.ts';

/**
 * The environment for a command of the operator's own, such as cargo: all of it but what pnpm has put in. On the PATH
 * this project's own tools go last: such a command runs with the `node` that the operator has.
 */
export function operatorEnvironment(env: Environment): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || /^(?:npm_|pnpm_)/i.test(name) ? [] : [[name, value] as const],
  );
  const path = (env.PATH ?? '').split(delimiter).filter((folder) => !isOwnTools(folder));
  return { ...Object.fromEntries(kept), PATH: [...path, ownTools].join(delimiter) };
}

const ownTools = join(projectRoot, 'node_modules/.bin');

function isOwnTools(folder: string): boolean {
  const inside = relative(projectRoot, folder);
  return inside !== '' && !inside.startsWith('..') && inside.includes('node_modules');
}
