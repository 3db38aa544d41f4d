import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationText, escapeMarkdown, markdownTable } from '@deploy/cli';

test('a duration has the unit that a person would choose, and carries when it rounds up', () => {
  const shown = [0, 999.4, 1000, 12_340, 59_949, 59_951, 245_000, 3_600_000].map(durationText);
  assert.deepEqual(shown, [
    '0 ms',
    '999 ms',
    '1.0 s',
    '12.3 s',
    '59.9 s',
    '1 min 0 s',
    '4 min 5 s',
    '60 min 0 s',
  ]);
});

test('text from outside cannot leave its cell', () => {
  const [, , row = ''] = markdownTable([['a'], [escapeMarkdown('x | y\n| <img> `z` [l](u)')]]);
  assert.equal(row, '| x \\| y \\| &lt;img&gt; \\`z\\` \\[l\\](u) |');
});
