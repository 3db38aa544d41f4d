import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gcloudVariables } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';
import { PROJECT } from './cloud.ts';

/** For a test's `skip`. */
export const withoutGcloud = hasGcloud() ? false : 'there is no gcloud on this machine';

/** Runs a gcloud command on this emulator, and gives what it prints; one that fails rejects. */
export type Gcloud = ((cloud: Emulator, ...args: string[]) => Promise<string>) & AsyncDisposable;

/**
 * Starts gcloud for the tests of a file. It takes longer to load its commands than to carry them out, so it loads these
 * (`run deploy`) once; everything else it does anew for each.
 */
export async function startGcloud(...commands: string[]): Promise<Gcloud> {
  const folder = await mkdtemp(join(tmpdir(), 'gcloud-'));
  const socket = join(folder, 'socket');
  const server = spawn('gcloud', [socket, ...commands], {
    // Its start script puts these arguments before its own program, and splits them at spaces: hence no whole path.
    env: { PATH: process.env.PATH, CLOUDSDK_PYTHON_ARGS: '-S gcloud-server.py', ...configurationIn(folder) },
    cwd: import.meta.dirname,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const closed = once(server, 'close');
  await Promise.race([
    once(server.stdout, 'data'),
    closed.then(() => assert.fail('gcloud has ended before it was ready')),
  ]);
  const run = async (cloud: Emulator, ...args: string[]): Promise<string> => {
    const env = { PATH: process.env.PATH ?? '', ...gcloudEnv(cloud, folder) };
    const connection = connect(socket);
    connection.write(`${JSON.stringify({ args: [...args, '--project', PROJECT], env })}\n`);
    const { exitCode, stdout, stderr } = JSON.parse(await text(connection));
    assert.equal(exitCode, 0, stderr);
    return stdout;
  };
  return Object.assign(run, {
    async [Symbol.asyncDispose]() {
      server.stdin.end();
      await closed;
      await rm(folder, { recursive: true });
    },
  });
}

/** The environment, but for the PATH, in which gcloud works on an emulator and touches nobody's configuration. */
export function gcloudEnv({ host }: Emulator, configFolder: string): Record<string, string> {
  return {
    ...configurationIn(configFolder),
    ...Object.fromEntries(gcloudVariables(host, ['RUN', 'LOGGING', 'SECRETMANAGER'])),
  };
}

function configurationIn(folder: string) {
  return {
    HOME: folder,
    CLOUDSDK_CONFIG: folder,
    CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API: 'false',
    CLOUDSDK_CORE_DISABLE_PROMPTS: '1',
    CLOUDSDK_CORE_DISABLE_USAGE_REPORTING: '1',
    CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK: '1',
  };
}

function hasGcloud(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'gcloud'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
