import type { Emulator, EmulatorOptions } from '@deploy/emulator';
import { PROJECT, SERVICE, STAGING_SERVICE } from '../stage/staging.ts';
import type { PlannedStep } from './parts.ts';
import type { Step } from './step.ts';

export const PRODUCTION = 'openagents-control-service';
export const PRODUCTION_DOMAIN = 'openagents.com';
const RUNTIME = 'runtime';
const STAGING_RUNTIME = 'runtime-staging';
const MIGRATE_JOB = 'runtime-migrate';
const RUNTIME_IMAGE = `us-central1-docker.pkg.dev/${PROJECT}/runtime/runtime:stable`;

/**
 * What the validation matrix checks besides staging: a production service that is ready for a deployment, the runtime,
 * and the runtime's migrations.
 */
export const matrixSeeds = {
  services: [
    {
      ...STAGING_SERVICE,
      name: PRODUCTION,
      env: { ...STAGING_SERVICE.env, OA_SYNC_TOKEN_ISSUER: `https://${PRODUCTION_DOMAIN}` },
    },
    { name: RUNTIME, image: RUNTIME_IMAGE },
    { name: STAGING_RUNTIME, image: RUNTIME_IMAGE },
  ],
  jobs: [{ name: MIGRATE_JOB, image: RUNTIME_IMAGE, executions: [{ name: `${MIGRATE_JOB}-first` }] }],
} satisfies EmulatorOptions;

/** The addresses that the matrix checks, by the variables that name them. */
export function baseUrls(emulator: Emulator): Record<string, string> {
  return {
    STAGING_CONTROL_BASE_URL: emulator.service(SERVICE).uri,
    PROD_CONTROL_BASE_URL: emulator.service(PRODUCTION).uri,
    STAGING_RUNTIME_BASE_URL: emulator.service(STAGING_RUNTIME).uri,
    PROD_RUNTIME_BASE_URL: emulator.service(RUNTIME).uri,
  };
}

/**
 * The matrix's last step leaves a failed migration. This adds a successful one, so that the local Cloud Run is healthy
 * if it is kept running.
 */
export function mendMigration(emulator: Emulator): void {
  emulator.addExecution(MIGRATE_JOB, { name: `${MIGRATE_JOB}-third` });
}

/** Runs the whole matrix over staging and production, and once more after a migration has failed. */
export function matrixSteps(emulator: Emulator): PlannedStep[] {
  const matrix = (title: string, more: Partial<Step> = {}): Step => ({
    title,
    env: { ...baseUrls(emulator), RUN_CROSS_SURFACE: '1' },
    call: ['scripts/validate-rust-cutover.ts'],
    ...more,
  });
  const steps = [
    () => matrix('Validation matrix: staging and production, every check'),
    () => {
      emulator.addExecution(MIGRATE_JOB, { name: `${MIGRATE_JOB}-second`, state: 'failed' });
      return matrix('Validation matrix after a failed migration: fails', { exitCode: 1 });
    },
  ];
  return steps.map((step) => ({ part: 'matrix', step }));
}
