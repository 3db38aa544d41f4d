import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { describe, test } from 'node:test';
import type { Emulator } from '@deploy/emulator';
import { cloudEnv, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { cloudWithCandidate } from '../support/promotion.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';

const FAST = {
  CANARY_STEPS: '25,100',
  CANARY_WINDOW: '1m',
  CANARY_MIN_REQUESTS: '5',
  CANARY_POLL_SECONDS: '1.2',
  CANARY_SOURCE: 'logs',
  EVIDENCE_REPORT: 'none',
};

type Moments = Readonly<Record<string, (child: ChildProcess) => void>>;

/** Runs `promote` as it is, in a process which nothing happens to. */
const promoteAgain = (cloud: Emulator): Promise<ScriptRun> =>
  runScript('canary-rollout', ['promote'], { env: { ...cloudEnv(cloud), ...FAST } });

/** Runs `promote`; each of `moments` gets the process once its output has that text, once. */
function promote(
  cloud: Emulator,
  moments: Moments,
  windows: Record<string, string> = {},
): Promise<ScriptRun> {
  return runScriptProcess('canary-rollout', ['promote'], {
    env: { ...cloudEnv(cloud), ...FAST, ...windows },
    onStart(child) {
      let seen = '';
      const waiting = new Map(Object.entries(moments));
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (chunk: string | Buffer) => {
          seen += chunk;
          for (const [text, act] of waiting) {
            if (!seen.includes(text)) continue;
            waiting.delete(text);
            act(child);
          }
        });
      }
    },
  });
}

describe('promote, stopped and taken up again', { concurrency: 2 }, () => {
  test('a second one beside a running one is refused; Ctrl-C keeps the split, says how to go on, and the same command does', async () => {
    await using cloud = await cloudWithCandidate();
    const [stable = '', canary = ''] = revisionNames(cloud);
    const generation = Number(cloud.service(SERVICE).generation);
    let second: Promise<ScriptRun> | undefined;
    const beginSecond = (child: ChildProcess): void => {
      second = promoteAgain(cloud).finally(() => child.kill('SIGINT'));
    };
    // One and a half minutes here, for the second one to start in.
    const windows = { CANARY_WINDOW: '60m', CANARY_MAX_WINDOW: '60m' };
    const first = await promote(cloud, { '25 %: served now': beginSecond }, windows);
    const refused = await second;
    assert.equal(refused?.exitCode, 1);
    assert.match(
      refused?.stderr ?? '',
      /^error: \S+ has been promoting control-00002-\w+ on \S+ \(process \d+\) since 2/m,
    );
    const writes = cloud.requests.filter(({ method }) => method === 'PATCH');
    assert.equal(Number(cloud.service(SERVICE).generation), generation + writes.length);

    assert.equal(first.exitCode, null);
    assert.match(first.stderr, /^error: interrupted at 25 %: the split stays$/m);
    assert.match(first.stderr, new RegExp(` promote ${canary}\\nto go back:\\n.* rollback ${stable}$`, 'm'));
    assert.equal(serving(cloud)[0], `${stable}=75`);
    const again = await promoteAgain(cloud);
    assert.equal(again.exitCode, 0, again.stderr);
    assert.match(again.stderr, /^resuming at 25 %: .*; the window starts over$/m);
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
  });

  test('kill -9 as well, at once: its process is gone', async () => {
    await using cloud = await cloudWithCandidate();
    const [, canary = ''] = revisionNames(cloud);
    await promote(cloud, { '25 %: served now': (child) => child.kill('SIGKILL') });
    const second = await promoteAgain(cloud);
    assert.equal(second.exitCode, 0, second.stderr);
    assert.match(second.stderr, /^resuming at 25 %/m);
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
  });

  test('it goes on, and ends as it should, when nobody reads its output any more', async () => {
    await using cloud = await cloudWithCandidate();
    const [, canary = ''] = revisionNames(cloud);
    const run = await promote(cloud, {
      '25 %: served now'(child) {
        child.stdout?.destroy();
        child.stderr?.destroy();
      },
    });
    assert.equal(run.exitCode, 0);
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
  });

  test('logs that cannot be read for more than five minutes are waited for, and roll nothing back', async () => {
    await using cloud = await cloudWithCandidate();
    const [, canary = ''] = revisionNames(cloud);
    const down = { kind: 'error', httpStatus: 503, status: 'UNAVAILABLE', message: 'down' } as const;
    let downSince = Number.POSITIVE_INFINITY;
    let wasSaid = false;
    const downMinutes = (): number => (cloud.clock.now() - downSince) / 60_000;
    // On a busy machine the emulator's clock falls behind, so it and the script's line end the outage together.
    const isDue = (): boolean => downMinutes() >= 0 && !(wasSaid && downMinutes() > 5);
    cloud.on({ match: { path: /entries:list/ }, times: 1000, isDue, fault: down });
    const run = await promote(cloud, {
      '25 %: served now': () => {
        downSince = cloud.clock.now();
      },
      'cannot be read: ': () => {
        wasSaid = true;
      },
    });
    assert.equal(run.exitCode, 0, run.stderr);
    assert.ok(wasSaid, run.stderr);
    assert.ok(downMinutes() > 5);
    assert.deepEqual(serving(cloud), [`${canary}=100`]);
  });
});
