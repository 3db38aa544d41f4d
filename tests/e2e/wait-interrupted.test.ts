import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudEnv, cloudWith, IMAGES, SERVICE } from '../support/cloud.ts';
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
});

/** Waits until the script has come back for two more looks: it has then read the answer to the first of them. */
async function afterNextLook(cloud: Awaited<ReturnType<typeof cloudWith>>, act: () => void): Promise<void> {
  const looks = () =>
    cloud.requests.filter(({ method, path }) => method === 'GET' && /services\/control$/.test(path)).length;
  const seen = looks();
  while (looks() < seen + 2) await new Promise((resolve) => setTimeout(resolve, 5));
  act();
}
