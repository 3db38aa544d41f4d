import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Interrupted, interruptible, UserError } from '@deploy/cli';
import {
  type CheckId,
  type CheckWork,
  type MatrixCheck,
  type MatrixResult,
  runChecks,
} from '@deploy/matrix/checks';

const good: CheckWork = async () => ({ passed: true, conclusion: 'good' });

function check(id: CheckId, work: CheckWork, lane: 'at-once' | 'one-by-one' = 'at-once'): MatrixCheck {
  return { id, required: true, description: `about ${id}`, plan: { lane, work, command: `again ${id}` } };
}

async function run(checks: readonly MatrixCheck[], signal = new AbortController().signal) {
  const logs = new Map<CheckId, string>();
  const events: string[] = [];
  const results = await runChecks(checks, {
    signal,
    onStart: (id) => void events.push(`+${id}`),
    async onEnd(result, log) {
      logs.set(result.id, log);
      events.push(`-${result.id}`);
    },
  });
  return { results, logs, events };
}

function reasonOf(result: MatrixResult | undefined): string | undefined {
  return result?.status === 'skipped' ? result.reason : undefined;
}

describe('running checks', () => {
  test('builds go one after another, all others beside them, and results come in order', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const waiting: CheckWork = () => released.then(() => ({ passed: true, conclusion: 'good' }));
    const releasing: CheckWork = async () => {
      release();
      return { passed: false, conclusion: 'bad' };
    };
    const { results, events } = await run([
      check('runtime-staging-smoke', waiting, 'one-by-one'),
      check('khala-contract-tests', good, 'one-by-one'),
      check('control-canary-status', releasing),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['passed', 'passed', 'failed'],
    );
    assert.deepEqual(
      events,
      [
        '+control-canary-status',
        '-control-canary-status',
        '+runtime-staging-smoke',
        '-runtime-staging-smoke',
        '+khala-contract-tests',
        '-khala-contract-tests',
      ].toSorted((a, b) => events.indexOf(a) - events.indexOf(b)),
    );
    const place = (event: string): number => events.indexOf(event);
    assert.ok(place('-runtime-staging-smoke') < place('+khala-contract-tests'));
    assert.ok(place('-control-canary-status') < place('-runtime-staging-smoke'));
  });

  test('a check that throws is failed, with what it threw in its log, and the others go on', async () => {
    const { results, logs } = await run([
      check('khala-contract-tests', () => Promise.reject(new Error('boom')), 'one-by-one'),
      check('control-prod-health', async () => {
        throw new UserError('no permission', { hint: 'Ask for it.' });
      }),
      check('runtime-prod-smoke', good, 'one-by-one'),
    ]);
    assert.deepEqual(
      results.map((result) => [result.status, result.status === 'skipped' ? '' : result.conclusion]),
      [
        ['failed', 'the check crashed: boom'],
        ['failed', 'no permission'],
        ['passed', 'good'],
      ],
    );
    assert.match(logs.get('khala-contract-tests') ?? '', /this check crashed: Error: boom\n {4}at /);
    assert.match(logs.get('control-prod-health') ?? '', /^error: no permission\nAsk for it\.$/m);
    assert.doesNotMatch(logs.get('control-prod-health') ?? '', / {4}at /);
  });

  test('an interruption skips what is under way and what has not begun', async () => {
    const controller = new AbortController();
    const hanging: CheckWork = (_log, signal) => interruptible(signal, () => new Promise(() => {}));
    const interrupting: CheckWork = async () => {
      setImmediate(() => controller.abort(new Interrupted('SIGINT')));
      return { passed: true, conclusion: 'good' };
    };
    const { results, logs } = await run(
      [
        check('control-prod-health', interrupting),
        check('control-prod-smoke', hanging),
        check('runtime-prod-smoke', hanging, 'one-by-one'),
        check('khala-contract-tests', good, 'one-by-one'),
      ],
      controller.signal,
    );
    assert.deepEqual(results.map(reasonOf), [
      undefined,
      'interrupted by SIGINT',
      'interrupted by SIGINT',
      'interrupted by SIGINT',
    ]);
    assert.match(logs.get('khala-contract-tests') ?? '', /^skipped: interrupted by SIGINT$/m);
  });

  test('the next build does not wait until the last one is written down', async () => {
    const { promise: started, resolve: start } = Promise.withResolvers<void>();
    const second: CheckWork = async () => {
      start();
      return { passed: true, conclusion: 'good' };
    };
    const results = await runChecks(
      [
        check('runtime-staging-smoke', good, 'one-by-one'),
        check('khala-contract-tests', second, 'one-by-one'),
      ],
      {
        signal: new AbortController().signal,
        onStart() {},
        onEnd: ({ id }) => (id === 'runtime-staging-smoke' ? started : Promise.resolve()),
      },
    );
    assert.equal(results.length, 2);
  });

  test('a log that cannot be written fails the run and not, silently, the check', async () => {
    const failing = runChecks([check('control-prod-health', good)], {
      signal: new AbortController().signal,
      onStart() {},
      onEnd: () => Promise.reject(new UserError('disk full')),
    });
    await assert.rejects(failing, { message: 'disk full' });
  });
});
