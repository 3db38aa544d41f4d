import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import type { Emulator } from '@deploy/emulator';
import { ENDINGS, type Ending, type EndingResult, rehearseEndings } from '@deploy/rehearsal/steps';
import { PROJECT } from '../support/cloud.ts';

const [, , , quiet] = ENDINGS;
assert.ok(quiet?.service === 'quiet');
/** One that ends otherwise than it is said to. */
const mistaken: Ending = { ...quiet, service: 'mistaken', shouldEnd: 'promoted', exitCode: 0 };

describe('the promotions of a rehearsal', () => {
  let results: EndingResult[] = [];
  let shown = '';
  /** What the local Cloud Run has of each service at the end. */
  const services = new Map<string, ReturnType<typeof stateOf>>();

  before(async () => {
    const env = {
      PATH: `${join(projectRoot, 'node_modules/.bin')}:${process.env.PATH}`,
      HOME: process.env.HOME ?? '',
      PROJECT,
    };
    const write = (line: string): void => {
      shown += `${line}\n`;
    };
    results = await rehearseEndings({
      endings: [...ENDINGS, mistaken],
      env,
      out: { data: write, note: write, verbatim: write },
      signal: new AbortController().signal,
      onEnded: (cloud, { service }) => services.set(service, stateOf(cloud, service)),
    });
  });

  test('end as they should, and one that does not is told', () => {
    const told = results.map(({ shouldEnd, ended, exitCode, asExpected }) => [
      shouldEnd,
      ended,
      exitCode,
      asExpected,
    ]);
    assert.deepEqual(
      told,
      [
        ['promoted', 'promoted', 0, true],
        ['rolled back', 'rolled back', 1, true],
        ['rolled back', 'rolled back', 1, true],
        ['held', 'held', 3, true],
        ['held', 'held', 3, true],
        ['promoted', 'held', 3, false],
      ],
      shown,
    );
  });

  test('healthy: somebody signed in at the candidate, before any traffic and after each step', () => {
    const [before, after, end] = shown.matchAll(
      /^post-stage checks at (\d+) % passed: sign-in-code, sign-in, /gm,
    );
    assert.deepEqual([before?.[1], after?.[1], end?.[1]], ['0', '25', '100'], shown);
  });

  test('healthy: the candidate has all the traffic, the tag is gone, and nothing is remembered', () => {
    assert.deepEqual(services.get('healthy'), { traffic: ['2=100'], annotations: {} });
  });

  for (const [service, why] of [
    ['failing', /failed requests hit the candidate/],
    ['slow', /of the candidate's requests took longer than/],
  ] as const) {
    test(`${service}: stable has all the traffic, the tag stays, and the candidate is remembered as failed`, () => {
      const { traffic, annotations } = services.get(service) ?? {};
      assert.deepEqual(traffic, ['1=100', '2=0(candidate)']);
      assert.deepEqual(Object.keys(annotations ?? {}), [FAILED]);
      const [failure, ...more] = annotations?.[FAILED].failed ?? [];
      assert.equal(more.length, 0);
      assert.match(failure.revision, new RegExp(`^${service}-00002-`));
      assert.match(failure.why, why);
    });
  }

  for (const [service, why] of [
    ['quiet', /too few requests/],
    ['both-bad', /both are bad/],
  ] as const) {
    test(`${service}: the split stays, and the promotion waits for whoever takes it up`, () => {
      const { traffic, annotations } = services.get(service) ?? {};
      assert.deepEqual(traffic, ['1=50', '2=50', '2=0(candidate)']);
      assert.deepEqual(Object.keys(annotations ?? {}), [PROMOTION]);
      const { owner, begun } = annotations?.[PROMOTION] ?? {};
      assert.equal(owner, undefined);
      assert.deepEqual(
        begun.map(({ percent }: { percent: number }) => percent),
        [50],
      );
      assert.match(shown.slice(shown.indexOf(`SERVICE=${service} `)), why);
    });
  }
});

const PROMOTION = 'openagents.com/canary-promotion';
const FAILED = 'openagents.com/canary-failed';

/** Who gets the traffic, `revision=percent(tag)` with the revision's number, and what lies on the service. */
function stateOf(cloud: Emulator, service: string) {
  const { trafficStatuses, annotations = {} } = cloud.service(service);
  return {
    traffic: trafficStatuses.map(
      ({ revision = '', percent = 0, tag }) =>
        `${Number(/-(\d{5})-/.exec(revision)?.[1])}=${percent}${tag === undefined ? '' : `(${tag})`}`,
    ),
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([key, value]) => [key, JSON.parse(value)]),
    ),
  };
}
