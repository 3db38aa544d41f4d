import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import { boundedText } from '@deploy/cli';
import { cargoTestWork, childEnvironment, commandWork } from '@deploy/matrix/checks';

const signal = new AbortController().signal;

function shell(script: string) {
  return {
    words: ['sh', '-c', script] as const,
    env: { PATH: process.env.PATH ?? '' },
    cwd: tmpdir(),
  };
}

describe('a command of the checkout', () => {
  test('passes with exit code 0; both of its streams are in the log', async () => {
    const log = boundedText(2 ** 21);
    const verdict = await commandWork(shell('echo out; echo err >&2; printf last'))(log, signal);
    assert.deepEqual(verdict, { passed: true, conclusion: 'sh ended with exit code 0' });
    assert.deepEqual(log.text().trimEnd().split('\n').sort(), ['err', 'last', 'out']);
  });

  test('fails with any other code, and when it is ended by a signal', async () => {
    const run = (script: string) => commandWork(shell(script))(boundedText(2 ** 21), signal);
    assert.deepEqual(await run('exit 7'), { passed: false, conclusion: 'sh ended with exit code 7' });
    assert.deepEqual(await run('kill -9 $$'), { passed: false, conclusion: 'sh was killed by SIGKILL' });
  });

  test('that is not there is told apart from one that is no program', async () => {
    const run = (program: string) =>
      commandWork({ ...shell(''), words: [program] })(boundedText(2 ** 21), signal);
    await assert.rejects(run('no-such-program'), {
      message: 'no-such-program is missing',
      hint: 'Install no-such-program, or put it on the PATH.',
    });
    await assert.rejects(run(import.meta.filename), { message: `${import.meta.filename} is not executable` });
  });
});

describe('cargo test', () => {
  const run = (output: string) => cargoTestWork(shell(`printf '${output}'`))(boundedText(2 ** 21), signal);

  test('says how many tests were run, over all test programs', async () => {
    const verdict = await run('running 3 tests\\nrunning 1 test\\nrunning 0 tests\\n');
    assert.deepEqual(verdict, {
      passed: true,
      conclusion: 'sh ended with exit code 0; 4 tests run',
      figures: { testsRun: 4 },
    });
  });

  test('says plainly that none was', async () => {
    const verdict = await run('running 0 tests\\n');
    assert.equal(verdict.conclusion, 'sh ended with exit code 0; NO TEST was run: the filter matches none');
  });

  test('says nothing about tests that were not announced', async () => {
    assert.deepEqual(await run('stub\\n'), { passed: true, conclusion: 'sh ended with exit code 0' });
  });
});

test("a command gets the operator's environment without our secrets", () => {
  const env = childEnvironment(
    {
      PATH: '/bin',
      OURS: 'own-secret',
      DATABASE_PASSWORD: 'pw-0123456789',
      npm_config_x: '1',
      USE_TOKENS: '1',
    },
    ['OURS'],
  );
  assert.equal(env.DATABASE_PASSWORD, 'pw-0123456789');
  assert.deepEqual(Object.keys(env).sort(), ['DATABASE_PASSWORD', 'PATH', 'USE_TOKENS']);
});
