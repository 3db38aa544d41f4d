import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import type { Command } from './measure.ts';

export const tsx = join(projectRoot, 'node_modules/.bin/tsx');

/** One of the project's scripts, started as `pnpm tsx` starts it. */
export function script(name: string, args: readonly string[], env: Record<string, string>): Command {
  return { run: [tsx, join(projectRoot, 'scripts', `${name}.ts`), ...args], env, cwd: projectRoot };
}
