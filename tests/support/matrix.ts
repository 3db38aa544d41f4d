import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emulator, type EmulatorOptions, startEmulator } from '@deploy/emulator';
import type { ResultsFile } from '@deploy/matrix/checks';
import { type SampleCheckout, sampleCheckout } from '@deploy/rehearsal/stage';
import { runScript } from './hosted-script.ts';
import { runScriptProcess, type ScriptOptions, type ScriptRun } from './run-script.ts';
import { type StandInTools, standInTools } from './stand-in-tools.ts';

export const RUNTIME_IMAGE = 'registry.example.com/openagents/runtime:seven';
const CONTROL_IMAGE = 'registry.example.com/openagents/control:one';
const STAGING = 'openagents-control-service-staging';

/** Everything that a matrix checks, in a state that passes, and what it takes to run one against it. */
export type MatrixWorld = {
  cloud: Emulator;
  checkout: SampleCheckout;
  tools: StandInTools;
  /** Where the results go. */
  folder: string;
  env: Record<string, string>;
  run(env?: Record<string, string | undefined>, options?: ScriptOptions): Promise<ScriptRun>;
  /** Reads a file of the results. */
  read(name: string): string;
  results(): ResultsFile;
  [Symbol.asyncDispose](): Promise<void>;
};

/**
 * Two environments on one local Cloud Run, a sample checkout, and a stand-in for cargo. A test of times or of secrecy
 * runs each matrix with `runScriptProcess`.
 */
export async function matrixWorld(
  options: { cloud?: EmulatorOptions; cargo?: string; runWith?: typeof runScriptProcess } = {},
): Promise<MatrixWorld> {
  // If anything below fails, what has been started is closed: an open server keeps its test file from ending.
  await using started = new AsyncDisposableStack();
  const cloud = started.use(
    await startEmulator({
      services: [
        { name: STAGING, image: CONTROL_IMAGE },
        { name: 'openagents-control-service', image: CONTROL_IMAGE },
        { name: 'runtime', image: RUNTIME_IMAGE },
      ],
      jobs: [
        { name: 'runtime-migrate', image: RUNTIME_IMAGE, executions: [{ name: 'runtime-migrate-abcde' }] },
      ],
      ...options.cloud,
    }),
  );
  const checkout = started.use(await sampleCheckout());
  const tools = started.use(await standInTools({ cargo: options.cargo ?? 'echo "stub cargo $*"' }));
  const folder = started.adopt(await mkdtemp(join(tmpdir(), 'matrix-')), (path) =>
    rm(path, { recursive: true, force: true }),
  );
  const env = {
    CLOUD_RUN_EMULATOR_HOST: cloud.host,
    OPENAGENTS_REPO_ROOT: checkout.root,
    OUTPUT_DIR: folder,
    STAGING_CONTROL_BASE_URL: cloud.service(STAGING).uri,
    PROD_CONTROL_BASE_URL: cloud.service('openagents-control-service').uri,
    STAGING_RUNTIME_BASE_URL: cloud.service('runtime').uri,
    PROD_RUNTIME_BASE_URL: cloud.service('runtime').uri,
    RUN_CROSS_SURFACE: '1',
  };
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const world = started.move();
  return {
    cloud,
    checkout,
    tools,
    folder,
    env,
    run(more = {}, runOptions = {}) {
      const all = { ...runOptions, env: { ...env, ...more }, pathFirst: [tools.folder] };
      // Who wants to stop it needs a process of its own.
      const run = options.runWith ?? (runOptions.onStart === undefined ? runScript : runScriptProcess);
      return run('validate-rust-cutover', [], all);
    },
    read,
    results: () => JSON.parse(read('results.json')),
    [Symbol.asyncDispose]: () => world.disposeAsync(),
  };
}

/** Status by check. */
export function statuses({ checks }: ResultsFile): Record<string, string> {
  return Object.fromEntries(checks.map(({ id, status }) => [id, status]));
}

/** Starts a matrix and returns its process too, so that a test can interrupt it. */
export function startMatrix(
  world: MatrixWorld,
  env: Record<string, string> = {},
): {
  run: ReturnType<MatrixWorld['run']>;
  child: ChildProcess;
} {
  let child: ChildProcess | undefined;
  const run = world.run(
    { HOME: world.folder, ...env },
    {
      onStart: (started) => {
        child = started;
      },
    },
  );
  assert.ok(child);
  return { run, child };
}
