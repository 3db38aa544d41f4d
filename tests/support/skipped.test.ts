import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skippedLines } from './skipped.ts';

test('what was skipped is counted and named, with how to get what is missing', () => {
  const why = 'this machine has no make: .ci/install-tools';
  const skipped = [
    { name: 'one', file: 'a.test.ts', why },
    { name: 'two', file: 'b.test.ts', why: 'this machine has no openssl: .ci/install-tools' },
    { name: 'three', file: 'c.test.ts', why },
  ];
  assert.deepEqual(skippedLines(skipped), [
    'Skipped on this machine: 3 tests or whole suites.',
    `2 because ${why}`,
    '    one (a.test.ts)',
    '    three (c.test.ts)',
    '1 because this machine has no openssl: .ci/install-tools',
    '    two (b.test.ts)',
  ]);
});

test('nothing skipped is said as well', () => assert.deepEqual(skippedLines([]), ['Nothing was skipped.']));
