import { join } from 'node:path';
import { contentAt } from './content.ts';

// What npm, pnpm and yarn note of the packages that they have installed. Reading the packages themselves would take
// longer than the gates.
const NOTES = ['.package-lock.json', '.pnpm/lock.yaml', '.yarn-state.yml', '.yarn-integrity'];

/** Whether a path, as git lists ignored ones, is a folder that a package manager fills. */
export function isInstalled(path: string): boolean {
  return /(?:^|\/)node_modules\/$/.test(path);
}

/** What is installed in such a folder, by what its package manager has noted. */
export async function installedAt(folder: string): Promise<string> {
  return `installed ${(await Promise.all(NOTES.map((name) => contentAt(join(folder, name))))).join(' ')}`;
}
