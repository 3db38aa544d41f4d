import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import { type CanaryCall, isCanaryAction, parseCanaryCall, parseJudgeCall } from '@deploy/cloudrun';

const parse = (line: string): CanaryCall => {
  const [action, ...args] = line.split(' ');
  assert.ok(isCanaryAction(action));
  return parseCanaryCall(action, args, 'control');
};

describe('calls that are understood', () => {
  const cases: [string, CanaryCall][] = [
    ['status', { action: 'status' }],
    ['status extra words', { action: 'status' }],
    ['deploy-no-traffic host/p/r/i:tag', { action: 'deploy-no-traffic', image: 'host/p/r/i:tag' }],
    ['set-traffic a b 0', { action: 'set-traffic', stable: 'a', canary: 'b', canaryPercent: 0 }],
    ['set-traffic a b 9', { action: 'set-traffic', stable: 'a', canary: 'b', canaryPercent: 9 }],
    ['set-traffic a b 100', { action: 'set-traffic', stable: 'a', canary: 'b', canaryPercent: 100 }],
    ['rollback svc-00010-abc', { action: 'rollback', stable: 'svc-00010-abc' }],
  ];
  for (const [line, expected] of cases) {
    test(line, () => assert.deepEqual(parse(line), expected));
  }
});

describe('calls that are refused with exit code 2', () => {
  const lines = [
    'deploy-no-traffic',
    'deploy-no-traffic one two',
    'deploy-no-traffic --image',
    'deploy-no-traffic $(reboot)',
    'set-traffic a b',
    'set-traffic a b 5 6',
    'set-traffic a a 5',
    'set-traffic a b 101',
    'set-traffic a b 010',
    'set-traffic a b 08',
    'set-traffic a b -1',
    'set-traffic a b 5%',
    'set-traffic a b 5.0',
    'set-traffic -a b 5',
    'set-traffic A b 5',
    'set-traffic a b/../c 5',
    'rollback',
    'rollback a b',
    'rollback a-',
    `rollback ${'a'.repeat(64)}`,
  ];
  for (const line of lines) {
    test(line.slice(0, 60), () => {
      assert.throws(
        () => parse(line),
        (error) => error instanceof UserError && error.exitCode === 2,
      );
    });
  }
  test('a revision without the name of its service, with the whole name', () => {
    for (const line of ['rollback 00007-abc', 'set-traffic 00007-abc control-00008-def 5']) {
      assert.throws(
        () => parse(line),
        (error) => error instanceof UserError && /^Did you mean control-00007-abc\? /.test(error.hint ?? ''),
      );
    }
  });
  test('a name with a line break or an escape sequence is shown without either', () => {
    assert.throws(
      () => parseCanaryCall('rollback', ['a\n\u001b[31mred'], 'control'),
      (error) => error instanceof UserError && /"a red"/.test(error.message),
    );
  });
});

describe('judge', () => {
  test('takes a file, or standard input', () => {
    assert.deepEqual(parseJudgeCall(['--file', 'a/b.json'], 'control'), { file: 'a/b.json' });
    assert.deepEqual(parseJudgeCall(['--file', '-'], 'control'), { file: '-' });
  });
  for (const line of ['', '--file', '--file a b', 'a.json', '--fiel a.json']) {
    test(`and nothing else: ${line}`, () => {
      assert.throws(
        () => parseJudgeCall(line.split(' '), 'control'),
        (error) => error instanceof UserError && error.exitCode === 2,
      );
    });
  }
});
