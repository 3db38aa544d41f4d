import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  explanationOf,
  type MatrixResult,
  overallOf,
  requiredWord,
  resultLine,
  totalsOf,
} from '@deploy/matrix/checks';

function check(status: MatrixResult['status'], required: boolean): MatrixResult {
  const about = { id: 'control-prod-health', required, description: 'Health' } as const;
  return status === 'skipped'
    ? { ...about, status, reason: 'no token' }
    : {
        ...about,
        status,
        conclusion: `it ${status}`,
        startedAt: '2026-02-12T17:00:00Z',
        durationMs: 1,
        command: 'x',
      };
}

const times = (howMany: number, one: MatrixResult): MatrixResult[] =>
  Array.from({ length: howMany }, () => one);
const passed = check('passed', true);

describe('the verdict of a matrix', () => {
  const verdict = (...checks: MatrixResult[]) => overallOf(totalsOf(checks));

  test('is passed when every required check passed, whatever the optional ones did', () => {
    assert.equal(verdict(), 'passed');
    assert.equal(verdict(passed), 'passed');
    assert.equal(verdict(passed, check('failed', false), check('skipped', false)), 'passed');
  });

  test('is failed when a required check failed or was not made', () => {
    assert.equal(verdict(passed, check('failed', true)), 'failed');
    assert.equal(verdict(passed, check('skipped', true)), 'failed');
    assert.equal(verdict(check('failed', true), check('skipped', true)), 'failed');
  });
});

test('every way to end is counted for itself, required apart from optional', () => {
  const checks = [
    ...times(1, passed),
    ...times(2, check('passed', false)),
    ...times(4, check('failed', true)),
    ...times(5, check('failed', false)),
    ...times(6, check('skipped', true)),
    ...times(7, check('skipped', false)),
  ];
  assert.deepEqual(totalsOf(checks), {
    checks: 25,
    passed: 3,
    requiredFailures: 4,
    optionalFailures: 5,
    requiredSkipped: 6,
    optionalSkipped: 7,
  });
});

test('a check is told in one line, and why it ended so', () => {
  assert.equal(resultLine(passed), '[passed] control-prod-health (required)');
  assert.equal(resultLine(check('skipped', false)), '[skipped] control-prod-health (optional)');
  assert.equal(requiredWord(true), 'required');
  assert.equal(requiredWord(false), 'optional');
  assert.equal(explanationOf(check('failed', true)), 'it failed');
  assert.equal(explanationOf(check('skipped', true)), 'no token');
});
