import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { describe, test } from 'node:test';
import { request } from 'undici';
import { cloudEnv, cloudWith, IMAGES, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { runScriptProcess } from '../support/run-script.ts';

const TOKEN = 'sesame-0123456789abcdef';
const pinned = {
  name: SERVICE,
  image: `${IMAGES}:stable`,
  laterImages: [`${IMAGES}:canary`],
  traffic: [
    { revision: 1, percent: 90 },
    { revision: 2, percent: 10 },
  ],
};

/** Every request of an enable that changes something, in order: secret, version, revision, traffic. */
const writes = [
  { name: 'creating the secret', match: { method: 'POST', path: /\/secrets$/ }, nth: 1 },
  { name: 'adding the version', match: { method: 'POST', path: /:addVersion$/ }, nth: 1 },
  { name: 'making the revision', match: { method: 'PATCH', path: /services\/control$/ }, nth: 1 },
  { name: 'moving the traffic', match: { method: 'PATCH', path: /services\/control$/ }, nth: 2 },
];

async function statusOf(url: string): Promise<number> {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode;
}

describe('an enable that is killed with SIGKILL', () => {
  for (const { name, match, nth } of writes) {
    for (const taken of [false, true]) {
      test(`while ${name}, ${taken ? 'the request taken' : 'the request not taken'}: running it again completes it, and disable restores`, async () => {
        await using cloud = await cloudWith({ services: [pinned] });
        const before = serving(cloud);
        const env = { ...cloudEnv(cloud), MAINTENANCE_BYPASS_TOKEN: TOKEN, MAINTENANCE_MOVE_TRAFFIC: '1' };
        let child: ChildProcess | undefined;
        const kill = (): void => void child?.kill('SIGKILL');
        if (nth > 1) cloud.on({ match, fault: { kind: 'first', act: () => {} }, times: nth - 1 });
        cloud.on({
          match,
          fault: taken ? { kind: 'first', act: kill } : { kind: 'reset', when: 'before', act: kill },
        });
        const killed = await runScriptProcess('maintenance-mode', ['enable'], {
          env,
          onStart: (started) => {
            child = started;
          },
        });
        assert.equal(killed.exitCode, null, killed.stderr);

        const again = await runScript('maintenance-mode', ['enable'], { env });
        assert.equal(again.exitCode, 0, again.stderr);
        const { uri } = cloud.service(SERVICE);
        assert.equal(await statusOf(uri), 503);
        assert.equal(await statusOf(`${uri}/?maintenance_bypass=${TOKEN}`), 307);

        const closed = await runScript('maintenance-mode', ['disable'], { env });
        assert.equal(closed.exitCode, 0, closed.stderr);
        assert.equal(await statusOf(uri), 200);
        assert.deepEqual(serving(cloud), before);
      });
    }
  }
});

test('an enable that Ctrl-C ends after it has stored the token does not say that nothing was changed', async () => {
  await using cloud = await cloudWith({ services: [pinned] });
  let child: ChildProcess | undefined;
  const act = (): void => void child?.kill('SIGINT');
  cloud.on({ match: { method: 'POST', path: /:addVersion$/ }, fault: { kind: 'first', act } });
  const stopped = await runScriptProcess('maintenance-mode', ['enable'], {
    env: { ...cloudEnv(cloud), MAINTENANCE_BYPASS_TOKEN: TOKEN, MAINTENANCE_MOVE_TRAFFIC: '1' },
    onStart: (started) => {
      child = started;
    },
  });
  assert.equal(stopped.exitCode, null, stopped.stderr);
  assert.doesNotMatch(stopped.stderr, /Nothing was changed/);
  assert.match(stopped.stderr, /secret/);
});
