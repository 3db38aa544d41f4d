import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudEnv, cloudWith, IMAGES, SERVICE } from '../support/cloud.ts';
import { imagesMade, variablesOf } from '../support/colleague.ts';
import { runScriptProcess } from '../support/run-script.ts';

const A_LONG_TIME_MS = 600_000;

test("a wait for somebody else's change that is interrupted names them", async () => {
  await using cloud = await cloudWith({ reconcileMs: A_LONG_TIME_MS });
  cloud.changeTemplate(SERVICE, (template) => ({ ...template, timeout: '99s' }), 'bob@example.com');
  const run = await runScriptProcess('canary-rollout', ['deploy-no-traffic', `${IMAGES}:two`], {
    env: cloudEnv(cloud),
    onStart: (child) => {
      child.stderr?.on('data', (text: string) => {
        if (text.includes('waiting first')) void afterNextLook(cloud, () => child.kill('SIGINT'));
      });
    },
  });
  assert.match(
    run.stderr,
    /^error: interrupted while waiting: bob@example\.com changed service control at 20\S+ \(generation 2\), and the platform goes on/m,
  );
  assert.deepEqual(written(cloud), []);
  assert.ok(!imagesMade(cloud).includes(`${IMAGES}:two`));
});

test('a wait for our own change that somebody else follows names them as well', async () => {
  await using cloud = await cloudWith({ reconcileMs: A_LONG_TIME_MS });
  const run = await runScriptProcess('canary-rollout', ['deploy-no-traffic', `${IMAGES}:two`], {
    env: cloudEnv(cloud),
    onStart: (child) => {
      const followed = () => {
        cloud.changeTemplate(SERVICE, (template) => ({ ...template, timeout: '99s' }), 'bob@example.com');
        void afterNextLook(cloud, () => child.kill('SIGINT'));
      };
      cloud.on({
        match: { method: 'GET', path: /services\/control$/ },
        skip: 2,
        fault: { kind: 'first', act: followed },
      });
    },
  });
  assert.match(
    run.stderr,
    /^error: interrupted while waiting: generation 2 was followed by another: bob@example\.com changed service control/m,
  );
  assert.ok(imagesMade(cloud).includes(`${IMAGES}:two`));
});

/** What was written, in order: the end of each path. */
const written = (cloud: Awaited<ReturnType<typeof cloudWith>>): string[] =>
  cloud.requests
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith(':wait'))
    .map(({ method, path }) => `${method} ${path.slice(path.lastIndexOf('/') + 1)}`);

/** Waits until the script has come back for two more looks: it has then read the answer to the first of them. */
async function afterNextLook(cloud: Awaited<ReturnType<typeof cloudWith>>, act: () => void): Promise<void> {
  const looks = () =>
    cloud.requests.filter(({ method, path }) => method === 'GET' && /services\/control$/.test(path)).length;
  const seen = looks();
  while (looks() < seen + 2) await new Promise((resolve) => setTimeout(resolve, 5));
  act();
}

const TOKEN = 'sesame-0123456789abcdef';
const SECRET = 'openagents-control-maintenance-bypass-token';
const MODE = 'OA_MAINTENANCE_MODE_ENABLED';
const STORED = new RegExp(`The new token is already stored, as the latest version of secret ${SECRET}`);

test('an enable that is interrupted while its revision comes up says that the new token is stored already', async () => {
  await using cloud = await cloudWith({ reconcileMs: A_LONG_TIME_MS });
  const run = await runScriptProcess('maintenance-mode', ['enable'], {
    env: { ...cloudEnv(cloud), MAINTENANCE_BYPASS_TOKEN: TOKEN },
    onStart: (child) => {
      const interrupt = (): void => void afterNextLook(cloud, () => child.kill('SIGINT'));
      cloud.on({
        match: { method: 'PATCH', path: /services\/control$/ },
        fault: { kind: 'first', act: interrupt },
      });
    },
  });
  const [error = '', hint = '', ...more] = run.stderr.slice(run.stderr.indexOf('error:')).split('\n');
  assert.match(error, /^error: interrupted while waiting: operator@example\.com changed service control/);
  assert.match(hint, /^Look at what came of it: CLOUDSDK_\S.* gcloud run services describe control /);
  assert.match(more.join('\n'), STORED);
  assert.ok(!run.stderr.includes(TOKEN));
  assert.deepEqual(written(cloud).slice(-2), [`POST ${SECRET}:addVersion`, `PATCH ${SERVICE}`]);
  assert.ok(variablesOf(cloud).includes(MODE));
});

test('an enable that is interrupted while the token is stored says that this is unknown', async () => {
  await using cloud = await cloudWith();
  const run = await runScriptProcess('maintenance-mode', ['enable'], {
    env: { ...cloudEnv(cloud), MAINTENANCE_BYPASS_TOKEN: TOKEN },
    onStart: (child) => {
      const interrupt = (): void => void child.kill('SIGINT');
      cloud.on({
        match: { method: 'POST', path: /:addVersion$/ },
        fault: { kind: 'reset', when: 'after', act: interrupt },
      });
    },
  });
  assert.match(
    run.stderr,
    /^error: interrupted while the new token was being stored\nIt may or may not be in secret \S+\. Running/m,
  );
  assert.equal(written(cloud).at(-1), `POST ${SECRET}:addVersion`);
  assert.ok(!variablesOf(cloud).includes(MODE));
});

test('a disable that is interrupted says nothing of a token', async () => {
  await using cloud = await cloudWith({
    services: [{ name: SERVICE, image: `${IMAGES}:one`, env: { OA_MAINTENANCE_MODE_ENABLED: 'true' } }],
  });
  const run = await runScriptProcess('maintenance-mode', ['disable'], {
    env: { ...cloudEnv(cloud), MAINTENANCE_BYPASS_TOKEN: TOKEN },
    onStart: (child) => {
      cloud.on({
        match: { method: 'PATCH', path: /services\/control$/ },
        fault: { kind: 'reset', when: 'after', act: () => void child.kill('SIGINT') },
      });
    },
  });
  assert.match(run.stderr, /^error: interrupted /m);
  assert.doesNotMatch(run.stderr, /token/);
  assert.deepEqual(written(cloud), [`PATCH ${SERVICE}`]);
});
