import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { PromotionEvent } from '@deploy/canary';
import { beginPromotion, judge } from '@deploy/canary/verdict';
import { pollLine, whatNow } from '../../../scripts/canary/promote-lines.ts';
import { promotionTable } from '../../../scripts/canary/promote-table.ts';
import { LOCATION } from '../../support/cloud.ts';
import { defaultLimits } from '../../support/limits.ts';

type Poll = Extract<PromotionEvent, { kind: 'polled' }>['poll'];

const plan = { steps: [5, 100], windowMinutes: 10, limits: defaultLimits, affinity: true };
const promotion = beginPromotion(plan, []);

function pollAt(watchedMinutes: number, changes: Partial<Poll> = {}): Poll {
  return {
    ...{ percent: 5, steps: plan.steps, promotion, decision: 'wait', windowMinutes: 10, isExtended: false },
    verdict: judge(promotion, { watchedMinutes: Math.floor(Math.max(0, watchedMinutes)) }),
    watchedMinutes,
    ...changes,
  };
}

const table = (poll: Poll): string[] =>
  promotionTable(poll, undefined, process.stderr).map(stripVTControlCharacters);

describe('what is shown of a window', () => {
  const cases: [string, Poll, RegExp, RegExp][] = [
    ['before it begins', pollAt(-0.5), /^begins with the next whole minute$/, /^5 %, 0 of 10 min: /],
    ['at its start', pollAt(0.05), /^9 min 57 s left of 10 min$/, /^5 %, 0 of 10 min: /],
    [
      'when it is extended',
      pollAt(12.5, { windowMinutes: 30, isExtended: true }),
      /^17 min 30 s left of 30 min, extended$/,
      /^5 %, 12 of 30 min, extended: /,
    ],
    [
      'when only its last requests are missing',
      pollAt(10),
      /^over after 10 min; its last requests may still arrive$/,
      /^5 %, 10 of 10 min: /,
    ],
  ];
  for (const [what, poll, window, line] of cases) {
    test(what, () => {
      const [, shown = ''] = table(poll);
      assert.match(shown.replace(/^window {2}/, ''), window);
      assert.match(pollLine(poll), line);
    });
  }
});

test('a reason is wrapped where it is too long for a line, and nothing of it is lost', () => {
  const reason =
    'too few requests: the candidate had 1,234 since the promotion began, and 5,000 are needed before the step to 25 %; ' +
    'the candidate gets all the traffic, so it was compared with stable before the promotion, not at the same time';
  const lines = table(pollAt(3, { verdict: { verdict: 'inconclusive', minute: 3, reason, signals: [] } }));
  for (const line of lines) assert.ok(line.length < 80, line);
  const from = lines.findIndex((line) => line.startsWith('so far  '));
  const told = lines.slice(from, -1).map((line) => line.slice('so far  '.length));
  assert.equal(told.join(' '), reason);
});

test('who stops a promotion before it has moved traffic is told so, and not how to go back', () => {
  const stopped = (percent: number) =>
    whatNow({ state: 'interrupted', stable: 'control-1', canary: 'control-2', percent }, LOCATION);
  assert.equal(stopped(0).line, 'at 0 %: no traffic was moved');
  assert.match(stopped(0).hint, /^next, to begin again:\n.* promote control-2$/);
  assert.equal(stopped(5).line, 'at 5 %: the split stays');
  assert.match(stopped(5).hint, /to go back:\n.* rollback control-1$/);
});
