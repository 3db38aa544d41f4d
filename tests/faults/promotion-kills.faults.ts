import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { cloudEnv, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { cloudWithCandidate } from '../support/promotion.ts';
import { runScriptProcess } from '../support/run-script.ts';

/** How many times a promotion is killed; PROMOTION_KILLS=50 for the figures. */
const KILLS = Number(process.env.PROMOTION_KILLS ?? 6);
/** Kills a promotion, before it is left to end. */
const KILLS_EACH = 5;
/** Within this time a promotion is killed, in milliseconds: its steps, windows and writes all lie in it. */
const KILLED_WITHIN_MS = 4000;

test(`promotions that are killed ${KILLS} times at random moments end as they should, and traffic always adds up`, async () => {
  for (let kills = 0; kills < KILLS; kills += KILLS_EACH) {
    await using cloud = await cloudWithCandidate();
    const [, canary = ''] = revisionNames(cloud);
    const env = {
      ...cloudEnv(cloud),
      CANARY_STEPS: '25,50,100',
      CANARY_WINDOW: '1m',
      CANARY_MIN_REQUESTS: '10',
      CANARY_POLL_SECONDS: '1.2',
      CANARY_SOURCE: 'logs',
      EVIDENCE_REPORT: 'none',
    };
    const watching = new AbortController();
    const wrong: string[] = [];
    const watch = (async () => {
      while (!watching.signal.aborted) {
        const { trafficStatuses } = cloud.service(SERVICE);
        const total = trafficStatuses.reduce((sum, { percent = 0 }) => sum + percent, 0);
        const ready = cloud
          .revisions(SERVICE)
          .filter(({ conditions }) =>
            conditions.some(({ type, state }) => type === 'Ready' && state === 'CONDITION_SUCCEEDED'),
          )
          .map(({ name }) => name.split('/').at(-1));
        const isReady = trafficStatuses.every(
          ({ percent = 0, revision }) => percent === 0 || ready.includes(revision),
        );
        if (total !== 100 || !isReady) wrong.push(JSON.stringify(trafficStatuses));
        await pause(20);
      }
    })();
    for (let i = 0; i < KILLS_EACH; i += 1) {
      const killed = await runScriptProcess('canary-rollout', ['promote'], {
        env,
        onStart: (child) => {
          const timer = setTimeout(() => child.kill('SIGKILL'), 300 + Math.random() * KILLED_WITHIN_MS);
          child.once('close', () => clearTimeout(timer));
        },
      });
      if (killed.exitCode === 0) break;
      assert.equal(killed.exitCode, null, killed.stderr);
    }
    if (serving(cloud).join() !== `${canary}=100`) {
      const last = await runScriptProcess('canary-rollout', ['promote'], { env });
      assert.equal(last.exitCode, 0, last.stderr);
    }
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
    watching.abort();
    await watch;
    assert.deepEqual(wrong, []);
  }
});
