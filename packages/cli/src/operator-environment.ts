import { delimiter, join, relative } from 'node:path';
import type { Environment } from './settings.ts';
import { projectRoot } from './target-checkout.ts';

/**
 * The environment for one of the operator's own commands, such as cargo: this process's environment, without what pnpm
 * and its wrappers have added. This project's tools come last on its PATH, so that the command finds the operator's
 * `node`. NODE_PATH loses our folders, so that no script can `require` our packages by accident.
 */
export function operatorEnvironment(env: Environment): Record<string, string> {
  const kept = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || /^(?:npm_|pnpm_|INIT_CWD$)/i.test(name) ? [] : [[name, value] as const],
  );
  const { PATH = '', NODE_PATH = '', NODE = '', ...others } = Object.fromEntries(kept);
  const nodePath = withoutOurs(NODE_PATH);
  return {
    ...others,
    ...(NODE === '' || isOurs(NODE) ? {} : { NODE }),
    ...(nodePath.length === 0 ? {} : { NODE_PATH: nodePath.join(delimiter) }),
    PATH: [...withoutOurs(PATH), ownTools].join(delimiter),
  };
}

const ownTools = join(projectRoot, 'node_modules/.bin');

function withoutOurs(folders: string): string[] {
  return folders.split(delimiter).filter((folder) => folder !== '' && !isOurs(folder));
}

function isOurs(path: string): boolean {
  const inside = relative(projectRoot, path);
  return inside !== '' && !inside.startsWith('..') && inside.includes('node_modules');
}
