import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applyEvent, type ReportRecord, verdictOf } from '@deploy/report/record';
import { sampleRecord } from './sample-record.ts';

const { before: OLD = '', after: NEW = '' } = sampleRecord.revisions;
const SERVICE_URL = 'https://control-abc.a.run.app';
const DOMAIN = 'https://staging.openagents.com';
const TAG_URL = 'https://canary---control-abc.a.run.app';

type Smoke = ReportRecord['smokes'][number];

/** A rollout that came to its end, in which nothing is missing but the smoke runs. */
function promoted(smokes: Smoke[], changes: Partial<ReportRecord> = {}): ReportRecord {
  return {
    ...sampleRecord,
    steps: [],
    maintenance: [],
    trafficChanges: [
      {
        at: '2026-02-12T17:05:00.000Z',
        actor: 'alice@example.com',
        before: [{ revision: OLD, percent: 100 }],
        after: [{ revision: NEW, percent: 100 }],
      },
    ],
    smokes,
    ...changes,
  };
}

let minute = 0;

function smoke(suite: 'health' | 'control', baseUrl: string, state: Smoke['state'] = 'passed'): Smoke {
  minute += 1;
  const at = new Date(Date.parse('2026-02-12T18:00:00Z') + minute * 60_000).toISOString();
  return { at, actor: 'bob', suite, baseUrl, state, durationMs: 5, checks: [] };
}

describe('the smoke runs that count', () => {
  const health = smoke('health', DOMAIN);
  const rows: [string, Smoke[], string][] = [
    ['both suites at the domain', [health, smoke('control', DOMAIN)], 'go'],
    [
      'both suites at the URL of the service',
      [smoke('health', SERVICE_URL), smoke('control', SERVICE_URL)],
      'go',
    ],
    ['spelled with a slash and in upper case', [health, smoke('control', `${DOMAIN.toUpperCase()}/`)], 'go'],
    ['a pass at the URL of a tag alone', [health, smoke('control', TAG_URL)], 'undecided'],
    [
      'a pass at a URL of something else',
      [health, smoke('control', 'https://other.example.com')],
      'undecided',
    ],
    [
      'a failure at the URL of a tag',
      [health, smoke('control', DOMAIN), smoke('control', TAG_URL, 'failed')],
      'go',
    ],
    [
      'a failure at the domain, then a pass at the URL of the service',
      [health, smoke('control', DOMAIN, 'failed'), smoke('control', SERVICE_URL)],
      'no-go',
    ],
    [
      'a failure, then a pass at the same URL',
      [health, smoke('control', DOMAIN, 'failed'), smoke('control', DOMAIN)],
      'go',
    ],
    [
      'a pass, then a failure at the same URL',
      [health, smoke('control', DOMAIN), smoke('control', DOMAIN, 'failed')],
      'no-go',
    ],
  ];
  for (const [name, smokes, verdict] of rows) {
    test(`${name}: ${verdict}`, () => assert.equal(verdictOf(promoted(smokes)).verdict, verdict));
  }

  test('a report of the earlier version lists URLs of tags among the others: they do not count there either', () => {
    const { tagUrls: _, ...rest } = promoted([health, smoke('control', TAG_URL)]);
    const record = { ...rest, baseUrls: [DOMAIN, TAG_URL] };
    assert.equal(verdictOf(record).verdict, 'undecided');
    assert.equal(verdictOf({ ...record, smokes: [health, smoke('control', DOMAIN)] }).verdict, 'go');
  });
});

describe('the split that a smoke run was made on', () => {
  const changedAt = '2026-02-12T17:05:00.000Z';
  const early = { at: '2026-02-12T03:00:00.000Z', metChange: changedAt };
  const late = { at: '2026-02-12T23:00:00.000Z', metChange: 'start' };

  test('is told by the order of events, not by the clocks of two machines', () => {
    const runs = [smoke('health', DOMAIN), smoke('control', DOMAIN)];
    const made = (on: typeof early) => verdictOf(promoted(runs.map((run) => ({ ...run, ...on })))).verdict;
    assert.equal(made(early), 'go', 'by a clock that is hours slow');
    assert.equal(made(late), 'undecided', 'before the shift, by a clock that is hours fast');
  });
});

test('a smoke run does not count for what serves when the deployment is started again, unless it is the same', () => {
  const runs = [smoke('health', DOMAIN), smoke('control', DOMAIN)];
  const record: ReportRecord = {
    ...promoted(runs.map((run) => ({ ...run, metChange: 'start' }))),
    ...{ trafficChanges: [], maintenance: [] },
  };
  const occasion = { at: '2026-02-12T18:00:00.000Z', actor: 'alice@example.com', metChange: 'start' };
  const reasonsAfter = (revision: string): string => {
    const shares = [{ revision, percent: 100 }];
    const again = applyEvent(record, { kind: 'servingFound', shares, stable: revision }, occasion);
    assert.equal(again.smokes.length, 2, 'the runs stay in the report');
    return verdictOf(again).reasons.join();
  };
  const NONE = /no health smoke of the service's own URLs has been run,no control smoke/;
  assert.doesNotMatch(reasonsAfter(OLD), NONE);
  assert.match(reasonsAfter('svc-00050-other'), NONE);
});

test('a control smoke without an access token says what it did not check', () => {
  const session = { id: 'auth-session', state: 'passed' } as const;
  const reasons = (checks: Smoke['checks']) =>
    verdictOf(promoted([smoke('health', DOMAIN), { ...smoke('control', DOMAIN), checks }])).reasons.join();
  assert.match(
    reasons([]),
    /control smoke of https:\/\/staging.openagents.com passed, without an access token/,
  );
  assert.doesNotMatch(reasons([session]), /access token/);
});

describe('the validation matrix', () => {
  const smokes = [smoke('health', DOMAIN), smoke('control', DOMAIN)];
  const at = '2026-02-12T19:00:00.000Z';
  const service = {
    project: sampleRecord.project,
    region: sampleRecord.region,
    service: sampleRecord.service,
  };
  const other = { ...service, service: 'another' };
  type Matrix = NonNullable<ReportRecord['matrices']>[number];
  const about = (verdict: Matrix['verdict']): Matrix => ({ at, verdict, baseUrls: [DOMAIN], service: other });
  const elsewhere: Matrix = { ...about('failed'), baseUrls: ['https://other.example.com'] };
  const rows: [string, Matrix[], string][] = [
    ['passed', [about('passed')], 'go'],
    ['failed', [about('failed')], 'no-go'],
    ['interrupted after one that passed', [about('passed'), about('incomplete')], 'go'],
    ['interrupted after one that failed', [about('failed'), about('incomplete')], 'no-go'],
    ['interrupted, and no other', [about('incomplete')], 'undecided'],
    ['failed at the URLs of other services', [about('passed'), elsewhere], 'go'],
    ['failed where it looked at the traffic of this service', [{ ...elsewhere, service }], 'no-go'],
    ['failed, written down by the earlier version', [{ at, verdict: 'failed' }], 'no-go'],
  ];
  for (const [name, matrices, verdict] of rows) {
    test(`${name}: ${verdict}`, () =>
      assert.equal(verdictOf(promoted(smokes, { matrices })).verdict, verdict));
  }
});

describe('a revision that lost its traffic', () => {
  const smokes = [smoke('health', DOMAIN), smoke('control', DOMAIN)];
  const lost = (byWindow: boolean): ReportRecord['trafficChanges'] => [
    {
      at: '2026-02-12T20:00:00.000Z',
      actor: 'alice@example.com',
      before: [{ revision: NEW, percent: 100 }],
      after: [{ revision: 'control-00043-xyz', percent: 100 }],
      ...(byWindow ? { byWindow } : {}),
    },
  ];
  const told = (byWindow: boolean) => verdictOf(promoted(smokes, { trafficChanges: lost(byWindow) }));

  test('was rolled back when somebody shifted it away', () => {
    assert.equal(told(false).verdict, 'no-go');
    assert.match(told(false).reasons.join(), /was rolled back/);
  });

  test('was not when a maintenance window moved it', () => {
    assert.equal(told(true).verdict, 'undecided');
    assert.match(told(true).reasons.join(), /no traffic since a maintenance window moved it/);
  });
});

describe('the verdict and its reasons', () => {
  const smokes = [smoke('health', DOMAIN), smoke('control', DOMAIN)].map((run) => ({
    ...run,
    checks: [{ id: 'auth-session', state: 'passed' } as const],
  }));
  const complete = promoted(smokes, { gates: { extent: 'all', results: [] }, matrices: [] });
  const after = (changes: Partial<ReportRecord>) => verdictOf({ ...complete, ...changes });
  const step = (name: string, state: 'started' | 'done' | 'failed', detail?: string) => ({
    name,
    state,
    startedAt: '2026-02-12T17:00:00.000Z',
    ...(detail === undefined ? {} : { detail }),
  });
  const change = (before: [string, number][], now: [string, number][], at = '2026-02-12T17:05:00.000Z') => ({
    at,
    actor: 'alice@example.com',
    before: before.map(([revision, percent]) => ({ revision, percent })),
    after: now.map(([revision, percent]) => ({ revision, percent })),
  });
  const gate = (verdict: 'passed' | 'failed' | 'not-run') => ({ gate: 'contract-tests', verdict });
  const passedAll = [
    `revision ${NEW} came up`,
    'all verification gates passed',
    `${NEW} has all the traffic`,
    `health smoke of ${DOMAIN} passed`,
    `control smoke of ${DOMAIN} passed`,
  ];

  test('of a rollout in which everything passed is go, with everything that speaks for it', () => {
    assert.deepEqual(verdictOf(complete), { verdict: 'go', reasons: passedAll });
    const matrices = [{ at: '2026-02-12T19:00:00.000Z', verdict: 'passed' as const }];
    assert.deepEqual(after({ matrices }), {
      verdict: 'go',
      reasons: [...passedAll, 'validation matrix passed'],
    });
  });

  const open = (reason: string) => ({ verdict: 'undecided', reasons: [reason] });
  const no = (reason: string) => ({ verdict: 'no-go', reasons: [reason] });
  const at = '2026-02-12T19:00:00.000Z';
  const window = (mode: 'on' | 'off') => ({
    at,
    actor: 'bob',
    mode,
    state: 'serving' as const,
    changed: true,
    after: [],
  });
  const rows: [string, Partial<ReportRecord>, { verdict: string; reasons: string[] }][] = [
    ['started', { state: 'started' }, open('the deployment is under way, or was killed')],
    ['stopped', { state: 'stopped' }, no('the deployment was stopped before anything was deployed')],
    ['failed', { state: 'failed' }, no('the deployment failed')],
    ['a step failed', { steps: [step('deploy', 'failed')] }, no('deploy failed')],
    [
      'a step failed, and why',
      { steps: [step('deploy', 'failed', 'no quota')] },
      no('deploy failed: no quota'),
    ],
    ['a step is open', { steps: [step('shift', 'started')] }, open('shift was started and has not ended')],
    [
      'a step is open while the deployment is',
      { state: 'started', steps: [step('deploy', 'started')] },
      open('the deployment is under way, or was killed'),
    ],
    [
      'a step failed while the deployment was under way',
      { state: 'started', steps: [step('deploy', 'failed')] },
      no('deploy failed'),
    ],
    [
      'another step did not make up for one that failed',
      { steps: [step('deploy', 'failed'), step('shift', 'done')] },
      no('deploy failed'),
    ],
    ['gates unknown', { gates: undefined as never }, open('no verification gate has been run')],
    [
      'gates skipped',
      { gates: { extent: 'skipped', results: [] } },
      open('the verification gates were skipped'),
    ],
    [
      'some gates run',
      { gates: { extent: 'partial', results: [gate('passed')] } },
      open('only some of the verification gates were run'),
    ],
    [
      'a gate failed',
      { gates: { extent: 'all', results: [gate('passed'), gate('failed')] } },
      no('gate contract-tests failed'),
    ],
    [
      'a gate was not run',
      { gates: { extent: 'all', results: [gate('not-run')] } },
      no('gate contract-tests was not run'),
    ],
    [
      'part of the traffic',
      {
        trafficChanges: [
          change(
            [[OLD, 100]],
            [
              [OLD, 95],
              [NEW, 5],
            ],
          ),
        ],
      },
      open(`${NEW} has 5 % of the traffic`),
    ],
    [
      'part of it after all of it',
      {
        trafficChanges: [
          change(
            [[NEW, 100]],
            [
              [OLD, 99],
              [NEW, 1],
            ],
          ),
        ],
      },
      open(`${NEW} has 1 % of the traffic`),
    ],
    [
      'no traffic yet',
      { trafficChanges: [change([[OLD, 100]], [['control-other', 100]])] },
      open(`${NEW} has 0 % of the traffic`),
    ],
    [
      'the traffic lost',
      { trafficChanges: [change([[NEW, 1]], [[OLD, 100]])] },
      no(`${NEW} was rolled back`),
    ],
    ['window open', { maintenance: [window('off'), window('on')] }, open('the maintenance window is open')],
    ['a matrix failed', { matrices: [{ at, verdict: 'failed' }] }, no('validation matrix failed')],
    [
      'a matrix incomplete',
      { matrices: [{ at, verdict: 'incomplete', notMade: 2 }] },
      open('validation matrix is incomplete: 2 required checks were not made'),
    ],
    [
      'no smoke since the change',
      { smokes: smokes.slice(0, 1) },
      open("no control smoke of the service's own URLs has been run since the last traffic change"),
    ],
    [
      'a smoke of another suite',
      { smokes: [...smokes.slice(0, 1), { ...smoke('health', DOMAIN), suite: 'other' }] },
      open("no control smoke of the service's own URLs has been run since the last traffic change"),
    ],
    [
      'a smoke failed',
      { smokes: [smokes[1], { ...smokes[0], state: 'failed' }] as Smoke[] },
      no(`health smoke of ${DOMAIN} failed`),
    ],
  ];
  for (const [name, changes, expected] of rows) {
    test(`${name}: ${expected.verdict}, because ${expected.reasons}`, () =>
      assert.deepEqual(after(changes), expected));
  }

  test('a step that was refused changes nothing, not even what the run before it says', () => {
    const refused = { ...step('deploy', 'failed'), refused: true };
    assert.deepEqual(after({ steps: [step('deploy', 'done'), refused] }), after({}));
    assert.deepEqual(after({ steps: [step('deploy', 'failed'), refused] }), no('deploy failed'));
  });

  test('a window that was closed again, and a step that worked the second time, are no reasons', () => {
    const again = { steps: [step('deploy', 'failed'), step('deploy', 'done')] };
    assert.deepEqual(after({ ...again, maintenance: [window('on'), window('off')] }), {
      verdict: 'go',
      reasons: passedAll,
    });
  });

  test('a revision that never came up leaves its traffic out', () => {
    assert.deepEqual(after({ state: 'failed', revisions: { before: OLD } }), no('the deployment failed'));
    const { reasons } = after({ revisions: { before: OLD } });
    assert.equal(reasons[0], 'revision  came up');
    assert.doesNotMatch(reasons.join(), /traffic/);
  });

  test('without a traffic change every smoke counts, and traffic is what it was at the start', () => {
    const all = { trafficChanges: [], trafficBefore: [{ revision: NEW, percent: 100 }] };
    assert.deepEqual(after(all), { verdict: 'go', reasons: passedAll });
    assert.deepEqual(
      after({ ...all, smokes: smokes.slice(0, 1) }),
      open("no control smoke of the service's own URLs has been run"),
    );
    const { trafficBefore: _, ...unknown } = { ...complete, trafficChanges: [] };
    assert.deepEqual(verdictOf(unknown), open(`${NEW} has 0 % of the traffic`));
  });

  test('the only window, and the only change, are the last', () => {
    assert.deepEqual(after({ maintenance: [window('on')] }), open('the maintenance window is open'));
    const early = smokes.map((run) => ({ ...run, at: '2026-02-12T17:04:59.999Z' }));
    assert.equal(after({ smokes: early }).verdict, 'undecided');
  });

  test('a smoke run without the name of a change counts from the moment of the last change on', () => {
    const [first, second] = [
      change(
        [[OLD, 100]],
        [
          [OLD, 95],
          [NEW, 5],
        ],
      ),
      change([[OLD, 95]], [[NEW, 100]], at),
    ];
    const made = (when: string) =>
      after({ trafficChanges: [first, second], smokes: smokes.map((run) => ({ ...run, at: when })) }).verdict;
    assert.equal(made(at), 'go', 'the same moment');
    assert.equal(made('2026-02-12T18:59:59.999Z'), 'undecided', 'after the first change only');
  });
});
