import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { cloudEnv, cloudWith, SERVICE } from '../support/cloud.ts';
import { variablesOf } from '../support/colleague.ts';
import { runScriptProcess } from '../support/run-script.ts';

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** A server that never answers, and sends a signal to the process that asks it first. */
async function silentServer(signal: Signal) {
  let asking: ChildProcess | undefined;
  const server = createServer(() => {
    asking?.kill(signal);
    // A script may ask more than once at the same time. A signal for a request that is looked at a second later would be
    // a second Ctrl-C.
    asking = undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    stopAsking: (child: ChildProcess): void => {
      asking = child;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('whoever interrupts a script at any moment is told what happened, in a line', () => {
  const asks = (host: string) => ({ CLOUD_RUN_EMULATOR_HOST: host, PROJECT: 'p' });
  for (const [script, args, envOf] of [
    ['smoke-health', [], (host: string) => ({ OPENAGENTS_BASE_URL: `http://${host}` })],
    ['smoke-control', [], (host: string) => ({ OPENAGENTS_BASE_URL: `http://${host}` })],
    ['canary-rollout', ['status'], asks],
    ['maintenance-mode', ['status'], asks],
    ['preflight', [], asks],
  ] as const) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      test(`${[script, ...args].join(' ')}, ${signal}`, async () => {
        await using server = await silentServer(signal);
        const run = await runScriptProcess(script, args, {
          env: envOf(server.host),
          onStart: server.stopAsking,
        });
        // Ended by the signal.
        assert.equal(run.exitCode, null);
        assert.match(
          run.stderr,
          new RegExp(`^error: interrupted by ${signal}\\nNothing was changed in the cloud\\.$`, 'm'),
        );
      });
    }
  }

  test('after a change it says which, and how to look at it', async () => {
    await using cloud = await cloudWith({ services: [{ name: SERVICE, image: 'gcr.io/p/control:one' }] });
    await using server = await silentServer('SIGINT');
    const run = await runScriptProcess('maintenance-mode', ['enable'], {
      env: {
        ...cloudEnv(cloud),
        MAINTENANCE_BYPASS_TOKEN: 'sesame-0123456789abcdef',
        OPENAGENTS_BASE_URL: server.url,
      },
      onStart: server.stopAsking,
    });
    assert.equal(run.exitCode, null);
    assert.match(
      run.stderr,
      /^error: interrupted by SIGINT\nBefore that, service control was changed \(generation \d+\)\. Look at what came of it: CLOUDSDK_\S.* gcloud run services describe control /m,
    );
    assert.ok(variablesOf(cloud).includes('OA_MAINTENANCE_MODE_ENABLED'));
  });
});
