import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';

/** Every package there is. What systems and editors leave in a folder has a name that begins with a dot. */
export const packageNames: readonly string[] = readdirSync(join(projectRoot, 'packages')).filter(
  (name) => !name.startsWith('.'),
);
