import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Emulator } from '@deploy/emulator';
import { cloudEnv, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { crashingService } from '../support/crashing-service.ts';
import { cloudWithCandidate } from '../support/promotion.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';

const FAST = {
  CANARY_WINDOW: '1m',
  CANARY_MAX_WINDOW: '60m',
  CANARY_MIN_REQUESTS: '5',
  EVIDENCE_REPORT: 'none',
};

/** Runs `promote`, and does something once its output has that text. */
function promote(
  cloud: Emulator,
  env: Record<string, string>,
  [text, act]: [text: string, act: () => unknown],
): Promise<ScriptRun> {
  return runScriptProcess('canary-rollout', ['promote'], {
    env: { ...cloudEnv(cloud), ...FAST, ...env },
    onStart(child) {
      let seen = '';
      child.stdout?.on('data', (chunk: string | Buffer) => {
        const isNew = !seen.includes(text);
        seen += chunk;
        if (isNew && seen.includes(text)) act();
      });
    },
  });
}

describe('trouble in the middle of a promotion', { concurrency: 2 }, () => {
  test('a candidate whose process crashes at the third step is taken back', async () => {
    await using service = await crashingService();
    await using cloud = await cloudWithCandidate({
      ...{ perMinute: 30, clockWaitsAfterMs: 60_000 },
      container: service.program,
    });
    const [stable = '', canary = ''] = revisionNames(cloud);
    const steps = { CANARY_STEPS: '25,50,75,100', CANARY_SOURCE: 'logs', CANARY_POLL_SECONDS: '1.2' };
    const run = await promote(cloud, steps, ['75 %: served now', service.crash]);
    assert.equal(run.exitCode, 1, run.stderr);
    assert.match(run.stdout, /^\[promote\] 50 %: healthy: .* -> next step$/m);
    assert.match(
      run.stderr,
      new RegExp(`^error: ${canary} was rolled back at 75 %, and ${stable} has all`, 'm'),
    );
    assert.deepEqual(serving(cloud), [`${stable}=100`, `${canary}=0(candidate)`]);
    // People are served by the revision that did not crash.
    const answer = await fetch(`${cloud.service(SERVICE).uri}/manifest.json`);
    assert.equal(((await answer.json()) as { buildId: string }).buildId, stable);
  });

  test('Monitoring that is down for five minutes is waited for, and rolls nothing back', async () => {
    await using cloud = await cloudWithCandidate({ perMinute: 30, monitoring: { delayMs: 60_000 } });
    const [, canary = ''] = revisionNames(cloud);
    const down = { kind: 'error', httpStatus: 503, status: 'UNAVAILABLE', message: 'down' } as const;
    let downMinutes = 0;
    const goDown = async (): Promise<void> => {
      const since = cloud.clock.now();
      cloud.on({ match: { path: /\/timeSeries/ }, times: 100_000, fault: down });
      const failed = () =>
        cloud.requests.filter(({ path, status }) => path.includes('/timeSeries') && status === 503);
      while (cloud.clock.now() < since + 5 * 60_000 || failed().length === 0) await pause(50);
      downMinutes = (cloud.clock.now() - since) / 60_000;
      cloud.clearTriggers();
    };
    const steps = { CANARY_STEPS: '50,100', CANARY_SOURCE: 'monitoring', CANARY_POLL_SECONDS: '0.2' };
    const run = await promote(cloud, steps, ['50 %: served now', goDown]);
    assert.equal(run.exitCode, 0, run.stderr);
    assert.ok(downMinutes >= 5, `${downMinutes} minutes`);
    assert.match(run.stderr, /^reading monitoring: /m);
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
  });
});
