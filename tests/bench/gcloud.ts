import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';
import { PROJECT } from '../support/cloud.ts';
import { gcloudEnv } from '../support/gcloud.ts';
import type { Command } from './measure.ts';
import type { Measured } from './row.ts';

export type Gcloud = (...args: string[]) => Command;

/** Measures some rows against gcloud on an emulator, or says of each that there is none here. */
export async function withGcloud<Id extends string>(
  cloud: Emulator,
  ids: readonly Id[],
  measure: (gcloud: Gcloud) => Promise<Record<Id, Measured>>,
): Promise<Record<Id, Measured>> {
  const { exitCode } = await runCommand(['gcloud', '--version']);
  if (exitCode !== 0) {
    const skipped: Measured = { skipped: true, why: 'there is no gcloud on the PATH' };
    return Object.fromEntries(ids.map((id) => [id, skipped])) as Record<Id, Measured>;
  }
  const config = await mkdtemp(join(tmpdir(), 'bench-gcloud-'));
  const env = gcloudEnv(cloud, config);
  const where = ['--project', PROJECT, '--region', 'us-central1', '--quiet'];
  try {
    return await measure((...args) => ({ run: ['gcloud', ...args, ...where], env }));
  } finally {
    await rm(config, { recursive: true });
  }
}
