import { commandLine } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';
import type { CargoForRehearsal } from './stage/cargo-stand-in.ts';
import { NEW_IMAGE, PROJECT, SERVICE } from './stage/staging.ts';
import { baseUrls, PRODUCTION } from './steps/matrix.ts';

/**
 * Shell exports that point the scripts at the local Cloud Run, as in the rehearsal's own steps: the service, the image,
 * every base URL, and the stand-ins for missing tools.
 */
export function exportLines(
  emulator: Emulator,
  { checkout, cargo }: { checkout: string; cargo: Pick<CargoForRehearsal, 'folder' | 'env'> },
): string[] {
  const groups: Record<string, string>[] = [
    { CLOUD_RUN_EMULATOR_HOST: emulator.host, PROJECT, SERVICE },
    { OPENAGENTS_REPO_ROOT: checkout, TURBO_CACHE_DIR: `${checkout}/target/turbo` },
    { IMAGE: NEW_IMAGE },
    { OPENAGENTS_BASE_URL: emulator.service(SERVICE).uri },
    ...Object.entries(baseUrls(emulator)).map(([name, url]) => ({ [name]: url })),
    ...(Object.keys(cargo.env).length === 0 ? [] : [cargo.env]),
  ];
  const lines = groups.map((group) => `export ${commandLine(Object.entries(group), [])}`);
  return cargo.folder === undefined ? lines : [...lines, `export PATH=${cargo.folder}:"$PATH"`];
}

/**
 * What to change in a shell that has the exports of `exportLines` before using it for production. Without the change,
 * the smoke checks would still go to staging.
 */
export const productionLines = [
  'Later, for production:',
  `  export SERVICE=${PRODUCTION} OPENAGENTS_BASE_URL="$PROD_CONTROL_BASE_URL"`,
];
