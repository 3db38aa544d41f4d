import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { projectRoot } from '@deploy/cli';

/** Every script there is, in alphabetical order: `canary-rollout`. */
export const scriptNames: readonly string[] = readdirSync(join(projectRoot, 'scripts'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'))
  .sort();
