import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { projectRoot } from '@deploy/cli';
import type { ContainerProgram, Emulator } from '@deploy/emulator';
import { sampleCheckout } from '@deploy/rehearsal/stage';
import { buildService } from '../support/built-service.ts';
import { cloudWith, IMAGES, PROJECT, revisionNames, SERVICE } from '../support/cloud.ts';
import { isAlive, nodeService } from '../support/container-program.ts';
import { without } from '../support/needs.ts';
import { entriesOnce } from '../support/observed.ts';
import { COMPILE_CACHE } from '../support/run-script.ts';

const AT_ONCE = { logs: { delayMs: 0, readsPerMinute: 10_000 } };
const LOGS = `projects/${PROJECT}/logs/run.googleapis.com%2F`;

type Shown = { pid: number; env: Record<string, string> };

async function show(cloud: Emulator, path = '/'): Promise<Shown> {
  const answer = await fetch(`${cloud.service(SERVICE).uri}${path}`);
  assert.equal(answer.status, 200);
  return (await answer.json()) as Shown;
}

const cloudRunning = (container: ContainerProgram, service = {}, more = {}): Promise<Emulator> =>
  cloudWith({
    ...AT_ONCE,
    services: [{ name: SERVICE, image: `${IMAGES}:one`, container, ...service }],
    ...more,
  });

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await pause(20);
}

describe('a program as the container of every revision', () => {
  test('has the revision’s environment, its secrets, and what the platform sets', async () => {
    await using service = await nodeService();
    await using cloud = await cloudRunning(
      service.program,
      { env: { PLAIN: 'text', SECRET: { secret: 'key', version: 'latest' } } },
      { secrets: { key: 'the secret value' } },
    );
    const { env } = await show(cloud);
    const [revision] = revisionNames(cloud);
    assert.partialDeepStrictEqual(env, {
      PLAIN: 'text',
      SECRET: 'the secret value',
      FROM_IMAGE: 'yes',
      K_SERVICE: SERVICE,
      K_CONFIGURATION: SERVICE,
      K_REVISION: revision,
      OA_CONTROL_BIND_ADDR: `127.0.0.1:${env.PORT}`,
    });
    assert.equal(env.HOME, undefined, 'nothing of this process gets in');
  });

  test('is another process for each revision, and gone when the emulator closes', async () => {
    await using service = await nodeService();
    const pids: number[] = [];
    {
      await using cloud = await cloudRunning(service.program, { laterImages: [`${IMAGES}:two`] });
      const [one = '', two = ''] = revisionNames(cloud);
      for (const revision of [one, two]) {
        const row = { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const, revision, percent: 100 };
        cloud.changeTraffic(SERVICE, [row], 'somebody@example.com');
        await cloud.settled();
        const { pid, env } = await show(cloud);
        assert.equal(env.K_REVISION, revision);
        pids.push(pid);
      }
    }
    assert.equal(new Set(pids).size, 2);
    assert.deepEqual(pids.map(isAlive), [false, false]);
  });

  for (const method of ['GET', 'POST']) {
    test(`that closes an idle connection just when the next request comes: the request, a ${method}, is answered`, async () => {
      await using service = await nodeService({ environment: { SHORT_LIVED: '1' } });
      await using cloud = await cloudRunning(service.program);
      for (const _ of [1, 2, 3]) {
        const body = method === 'POST' ? { body: 'what is sent' } : {};
        const answer = await fetch(cloud.service(SERVICE).uri, { method, ...body });
        await answer.text();
        assert.equal(answer.status, 200);
      }
    });
  }

  test('that does not stop when asked is killed', async () => {
    await using service = await nodeService({ graceMs: 200 });
    let pid = 0;
    {
      await using cloud = await cloudRunning(service.program, { env: { STUBBORN: '1' } });
      ({ pid } = await show(cloud));
    }
    assert.equal(isAlive(pid), false);
  });

  test('logs as the collector has it: JSON by its fields, a severity of that name only, text as it is', async () => {
    await using service = await nodeService();
    await using cloud = await cloudRunning(service.program);
    const lines = [
      { level: 'ERROR', message: 'hello', n: 1 },
      { severity: 'error', message: 'bad', code: 5 },
      { severity: 'INFO', message: 'only words' },
      { time: '2026-03-01T00:00:00Z', a: 1 },
    ].map((line) => JSON.stringify(line));
    const query = ['plain text', '{broken', ...lines].map((line) => `line=${encodeURIComponent(line)}`);
    await show(cloud, `/log?${query.join('&')}`);
    const entries = await entriesOnce(cloud, `logName="${LOGS}stdout"`, 6);
    const seen = entries.map(({ severity, textPayload, jsonPayload }) => ({
      severity,
      textPayload,
      jsonPayload,
    }));
    assert.deepEqual(
      seen.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
      [
        { severity: 'DEFAULT', textPayload: '{broken', jsonPayload: undefined },
        { severity: 'DEFAULT', textPayload: 'plain text', jsonPayload: undefined },
        { severity: 'DEFAULT', textPayload: undefined, jsonPayload: { a: 1 } },
        {
          severity: 'DEFAULT',
          textPayload: undefined,
          jsonPayload: { level: 'ERROR', message: 'hello', n: 1 },
        },
        { severity: 'ERROR', textPayload: undefined, jsonPayload: { message: 'bad', code: 5 } },
        { severity: 'INFO', textPayload: 'only words', jsonPayload: undefined },
      ].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b))),
    );
    assert.ok(entries.some(({ timestamp }) => timestamp === '2026-03-01T00:00:00.000Z'));
    await show(cloud, '/err');
    const [error] = await entriesOnce(cloud, `logName="${LOGS}stderr"`, 1);
    assert.equal(error?.textPayload, 'to stderr');
    assert.equal(error?.resource.labels.revision_name, revisionNames(cloud)[0]);
  });

  test('that exits is started again by the next request', async () => {
    await using service = await nodeService();
    await using cloud = await cloudRunning(service.program);
    const { pid } = await show(cloud);
    assert.equal((await fetch(`${cloud.service(SERVICE).uri}/exit`)).status, 503);
    await gone(pid);
    await entriesOnce(cloud, `logName="${LOGS}varlog%2Fsystem" textPayload:"exit(3)"`, 1);
    assert.notEqual((await show(cloud)).pid, pid);
  });

  const failures: [string, string, object][] = [
    ['exits before it listens', 'exit 7', {}],
    ['cannot be started', 'no-such-program-anywhere', {}],
    [
      'listens too late',
      'sleep 600',
      { startupProbe: { tcpSocket: {}, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 1 } },
    ],
  ];
  for (const [name, command, more] of failures) {
    test(`that ${name} leaves the revision failed, in the platform's words, and nothing running`, async () => {
      await using service = await nodeService();
      await using cloud = await cloudRunning(service.program);
      await using broken = await cloudWith({
        ...AT_ONCE,
        container: { command, environment: { PATH: process.env.PATH ?? '' } },
        services: [],
      });
      const parent = `projects/${PROJECT}/locations/us-central1`;
      const created = await fetch(`${broken.url}/v2/${parent}/services?serviceId=new`, {
        method: 'POST',
        body: JSON.stringify({ template: { containers: [{ image: `${IMAGES}:one`, ...more }] } }),
      });
      assert.equal(created.status, 200, await created.text());
      await broken.settled();
      const { terminalCondition } = broken.service('new');
      assert.equal(terminalCondition.state, 'CONDITION_FAILED');
      const [revision] = broken.revisions('new');
      assert.equal(revision?.conditions[0]?.revisionReason, 'HEALTH_CHECK_CONTAINER_ERROR');
      assert.match(
        revision?.conditions[0]?.message ?? '',
        /failed to start and listen on the port defined provided by the PORT=8080 environment variable/,
      );
      await show(cloud);
    });
  }
});

test('a killed emulator takes its programs with it', async () => {
  await using service = await nodeService();
  const code = `
    import { startEmulator } from ${JSON.stringify(join(projectRoot, 'packages/emulator/src/index.ts'))};
    const cloud = await startEmulator({
      services: [{ name: 'control', image: 'r.example.com/a/b:c', container: ${JSON.stringify(service.program)} }],
    });
    console.log(cloud.service('control').uri);
  `;
  const child = spawn(process.execPath, [...COMPILE_CACHE, '--input-type=module', '--eval', code], {
    cwd: projectRoot,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [uri] = (await once(child.stdout, 'data')) as [Buffer];
  const { pid } = (await (await fetch(uri.toString().trim())).json()) as Shown;
  assert.ok(isAlive(pid));
  child.kill('SIGKILL');
  await gone(pid);
});

test('an image that crashes after some minutes loses what it held in memory, and comes up again', async () => {
  const env = { OA_AUTH_PROVIDER_MODE: 'mock' };
  await using cloud = await cloudWith({
    ...AT_ONCE,
    clockSpeed: 600,
    imageFaults: { [`${IMAGES}:one`]: { crashAfterMinutes: 10 } },
    services: [{ name: SERVICE, image: `${IMAGES}:one`, env }],
  });
  const { uri } = cloud.service(SERVICE);
  const crashes = `logName="${LOGS}varlog%2Fsystem" textPayload:"Container called exit(1)"`;
  await entriesOnce(cloud, crashes, 1);
  // It may crash again at any moment; at some point a request finds it up.
  let status = 0;
  while (status !== 200) ({ status } = await fetch(uri));
  await entriesOnce(cloud, crashes, 2);
});

test('the Rust service of the sample workspace, as cargo builds it, serves and logs as a revision', {
  skip: await without('a cargo'),
}, async () => {
  await using checkout = await sampleCheckout();
  const program = await buildService(checkout.root);
  const command = `exec '${program}'`;
  await using cloud = await cloudRunning({ command, environment: { OA_CONTROL_STATIC_DIR: checkout.root } });
  const { uri } = cloud.service(SERVICE);
  const ready = await fetch(`${uri}/readyz`);
  assert.deepEqual(await ready.json(), { status: 'ready', static_dir: checkout.root });
  assert.equal((await fetch(`${uri}/api/v1/control/status`)).status, 401);
  const [line] = await entriesOnce(cloud, 'jsonPayload.path="/readyz"', 1);
  assert.equal(line?.severity, 'DEFAULT');
  assert.equal(line?.jsonPayload?.level, 'INFO');
});
