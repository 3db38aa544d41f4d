import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  briefRevision,
  briefShares,
  describeShares,
  type Share,
  sameShares,
  servedShares,
  sharesOf,
  stableRevision,
  targetShares,
} from '@deploy/cloudrun';
import {
  assignTag,
  assignTraffic,
  followsLatest,
  followsLatestOnly,
  pinLatest,
  removeTag,
  sameSplit,
  type TrafficSplit,
  type TrafficTarget,
} from '@deploy/cloudrun/service';
import fc from 'fast-check';

const revisionName = fc.integer({ min: 1, max: 9 }).map((n) => `svc-0000${n}-abc`);

/** Splits as the platform may hold them: LATEST or named, duplicates, shares and tags in one row or in two. */
const split: fc.Arbitrary<TrafficSplit> = fc
  .record({
    cuts: fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 4 }),
    revisions: fc.array(fc.option(revisionName, { nil: undefined }), { minLength: 5, maxLength: 5 }),
    tags: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 5 }),
    tagged: fc.array(fc.option(revisionName, { nil: undefined }), { minLength: 5, maxLength: 5 }),
  })
  .map(({ cuts, revisions, tags, tagged }) => {
    const edges = [0, ...[...cuts].sort((a, b) => a - b), 100];
    const rows = edges
      .slice(1)
      .map((edge, i) => ({ revision: revisions[i], percent: edge - (edges[i] ?? 0) }));
    const tagRows = tags.map((tag, i): TrafficTarget => ({ revision: tagged[i], percent: 0, tag }));
    const [first, ...others] = rows;
    const [firstTag, ...otherTags] = tagRows;
    // One row that has both a share and a tag, as rows written by others may.
    return first && firstTag && first.revision === firstTag.revision
      ? [{ ...first, tag: firstTag.tag ?? 'x' }, ...others, ...otherTags]
      : [...rows, ...tagRows];
  });

const shares: fc.Arbitrary<Share[]> = fc
  .tuple(
    fc.uniqueArray(revisionName, { minLength: 1, maxLength: 4 }),
    fc.array(fc.integer({ min: 0, max: 100 }), { maxLength: 3 }),
  )
  .map(([names, cuts]) => {
    const edges = [0, ...[...cuts.slice(0, names.length - 1)].sort((a, b) => a - b), 100];
    return edges.slice(1).map((edge, i) => ({ revision: names[i] ?? '', percent: edge - (edges[i] ?? 0) }));
  });

const total = (s: TrafficSplit): number => s.reduce((sum, { percent }) => sum + percent, 0);
const tagsOf = (s: TrafficSplit) =>
  s.flatMap(({ tag, revision }) => (tag === undefined ? [] : [`${tag}=${revision ?? 'LATEST'}`])).sort();
const READY = 'svc-00009-abc';

describe('assigning traffic', () => {
  test('adds up to 100, keeps every tag where it was, and gives nobody else a share', () => {
    fc.assert(
      fc.property(split, shares, (before, wish) => {
        const after = assignTraffic(before, wish);
        assert.equal(total(after), 100);
        assert.deepEqual(tagsOf(after), tagsOf(before));
        const wished = wish.filter(({ percent }) => percent > 0);
        assert.deepEqual(
          new Map(sharesOf(after, READY).map((s) => [s.revision, s.percent])),
          new Map(wished.map((s) => [s.revision, s.percent])),
        );
        for (const target of after)
          assert.ok(target.percent > 0 || target.tag !== undefined, 'no empty rows');
      }),
    );
  });

  test('done twice is the same as done once', () => {
    fc.assert(
      fc.property(split, shares, (before, wish) => {
        const once = assignTraffic(before, wish);
        assert.deepEqual(assignTraffic(once, wish), once);
      }),
    );
  });

  for (const [name, wish] of [
    ['99', [{ revision: 'a', percent: 99 }]],
    [
      '101',
      [
        { revision: 'a', percent: 100 },
        { revision: 'b', percent: 1 },
      ],
    ],
    [
      'a negative share',
      [
        { revision: 'a', percent: 110 },
        { revision: 'b', percent: -10 },
      ],
    ],
    [
      'a fraction',
      [
        { revision: 'a', percent: 99.5 },
        { revision: 'b', percent: 0.5 },
      ],
    ],
    ['nobody', []],
  ] as const) {
    test(`refuses shares that are not whole numbers adding up to 100: ${name}`, () => {
      assert.throws(() => assignTraffic([], wish), RangeError);
    });
  }
});

describe('pinning LATEST', () => {
  test('leaves who is served as it was, keeps tags, and nothing follows LATEST any more', () => {
    fc.assert(
      fc.property(split, (before) => {
        const after = pinLatest(before, READY);
        assert.equal(total(after), 100);
        assert.equal(followsLatest(after), false);
        assert.deepEqual(tagsOf(after), tagsOf(before));
        assert.deepEqual(sharesOf(after, READY), sharesOf(before, READY));
      }),
    );
  });

  test('an empty split, which means LATEST, is pinned as well', () => {
    assert.deepEqual(pinLatest([], READY), [{ revision: READY, percent: 100 }]);
  });

  test('merges with an entry that the latest ready revision already has', () => {
    const before = [
      { revision: undefined, percent: 40 },
      { revision: READY, percent: 60 },
    ];
    assert.deepEqual(pinLatest(before, READY), [{ revision: READY, percent: 100 }]);
  });

  test('a split without LATEST is left exactly as it is', () => {
    const before = [{ revision: 'svc-00001-abc', percent: 100, tag: 'blue' }];
    assert.equal(pinLatest(before, READY), before);
  });
});

describe('the stable revision', () => {
  const cases: [string, TrafficSplit, string | undefined][] = [
    ['is the one with all the traffic', [{ revision: 'a', percent: 100 }], 'a'],
    [
      'is not the first row when that is a tag at 0',
      [
        { revision: 'b', percent: 0, tag: 't' },
        { revision: 'a', percent: 100 },
      ],
      'a',
    ],
    ['is what LATEST stands for', [{ revision: undefined, percent: 100 }], READY],
    [
      'adds up rows of one revision',
      [
        { revision: 'a', percent: 60 },
        { revision: 'a', percent: 40 },
      ],
      'a',
    ],
    [
      'is not guessed from a split',
      [
        { revision: 'a', percent: 95 },
        { revision: 'b', percent: 5 },
      ],
      undefined,
    ],
  ];
  for (const [name, given, expected] of cases) {
    test(name, () => assert.equal(stableRevision(sharesOf(given, READY)), expected));
  }
});

test('two spellings of one split are the same, another share or tag is not', () => {
  const rows: TrafficSplit = [
    { revision: 'a', percent: 60, tag: 'blue' },
    { revision: 'b', percent: 40 },
  ];
  const spread: TrafficSplit = [
    { revision: 'b', percent: 40 },
    { revision: 'a', percent: 0, tag: 'blue' },
    { revision: 'a', percent: 60 },
  ];
  assert.ok(sameSplit(rows, spread));
  assert.ok(sameSplit([], [{ revision: undefined, percent: 100 }]));
  assert.ok(
    !sameSplit(rows, [
      { revision: 'a', percent: 60 },
      { revision: 'b', percent: 40 },
    ]),
  );
  assert.ok(
    !sameSplit(rows, [
      { revision: 'a', percent: 59, tag: 'blue' },
      { revision: 'b', percent: 41 },
    ]),
  );
});

describe('whether all the traffic goes to LATEST', () => {
  const latest = (percent: number) => ({ revision: undefined, percent });
  const named = (percent: number) => ({ revision: 'a', percent });
  const rows: [string, TrafficSplit, boolean][] = [
    ['an empty split means that', [], true],
    ['all of it', [latest(100)], true],
    ['all of it, and a tag without traffic', [latest(100), { ...named(0), tag: 't' }], true],
    ['none of it', [named(100)], false],
    ['none of it, and a tag that follows LATEST', [named(100), { ...latest(0), tag: 't' }], false],
    ['some of it', [latest(60), named(40)], false],
    ['all but some, whichever comes first', [named(1), latest(99)], false],
  ];
  for (const [name, given, expected] of rows) {
    test(`${name}: ${expected}`, () => assert.equal(followsLatestOnly(given), expected));
  }
});

describe('who is served how much', () => {
  test('is told most traffic first, and by name where that is equal', () => {
    const rows = (...shares: [string, number][]): Share[] =>
      shares.map(([revision, percent]) => ({ revision, percent }));
    const inOrder = rows(['b', 40], ['a', 20], ['c', 20], ['d', 20]);
    for (const given of [
      rows(['c', 20], ['a', 20], ['d', 20], ['b', 40]),
      rows(['d', 20], ['b', 40], ['c', 20], ['a', 20]),
      [...inOrder].reverse(),
    ]) {
      assert.deepEqual(sharesOf(given, READY), inOrder);
    }
    assert.deepEqual(sharesOf(rows(['a', 1], ['b', 99]), READY), rows(['b', 99], ['a', 1]));
  });

  test('names LATEST as such only while no revision is ready', () => {
    assert.deepEqual(sharesOf([], undefined), [{ revision: 'LATEST', percent: 100 }]);
    const serving = { served: [], latestReadyRevision: READY };
    assert.deepEqual(servedShares(serving), [{ revision: READY, percent: 100 }]);
  });

  test('is not who was asked for, while a change is on its way', () => {
    const service = {
      traffic: [{ revision: 'new', percent: 100 }],
      served: [{ revision: 'old', percent: 100 }],
      latestReadyRevision: READY,
    };
    assert.deepEqual(targetShares(service), [{ revision: 'new', percent: 100 }]);
    assert.deepEqual(targetShares({ ...service, traffic: [] }), [{ revision: READY, percent: 100 }]);
    assert.deepEqual(servedShares(service), [{ revision: 'old', percent: 100 }]);
  });

  test('is put into words', () => {
    assert.equal(describeShares([]), 'nothing');
    const shares = [
      { revision: 'a', percent: 95 },
      { revision: 'b', percent: 5 },
    ];
    assert.equal(describeShares(shares), 'a=95 b=5');
    assert.equal(
      briefShares(
        shares.map((each) => ({ ...each, revision: `svc-${each.revision}` })),
        'svc',
      ),
      'a=95 b=5',
    );
    assert.equal(briefShares([], 'svc'), 'nothing');
    for (const other of ['svc2-00001-abc', 'svc', 'old-svc-', '00001-abc'])
      assert.equal(briefRevision(other, 'svc'), other);
    assert.throws(() => assignTraffic([], shares.slice(1)), {
      message: 'traffic shares must be whole numbers that add up to 100, not b=5',
    });
  });
});

test('no revision is stable unless it alone has everything', () => {
  const all = { revision: 'a', percent: 100 };
  assert.equal(stableRevision([all]), 'a');
  assert.equal(stableRevision([]), undefined);
  assert.equal(stableRevision([{ ...all, percent: 99 }]), undefined);
  assert.equal(stableRevision([all, { revision: 'b', percent: 0 }]), undefined);
});

describe('comparing splits', () => {
  const base = { revision: 'a', percent: 100 };
  const tagged = (...tags: [string, string | undefined][]): TrafficSplit => [
    base,
    ...tags.map(([tag, revision]) => ({ tag, revision, percent: 0 })),
  ];

  test('does not mind the order of tags, but where each leads', () => {
    assert.ok(sameSplit(tagged(['x', 'b'], ['y', 'c']), tagged(['y', 'c'], ['x', 'b'])));
    assert.ok(!sameSplit(tagged(['x', 'b'], ['y', 'c']), tagged(['x', 'c'], ['y', 'b'])));
    assert.ok(!sameSplit(tagged(['x', 'b']), tagged(['x', undefined])));
    assert.ok(!sameSplit(tagged(['x', 'b']), tagged(['y', 'b'])));
  });

  test('a share by name is not one of LATEST, even when that is the same revision now', () => {
    assert.ok(!sameSplit([base], []));
  });

  test('by shares alone leaves the tags out', () => {
    assert.ok(sameShares(tagged(['x', 'b']), tagged(['y', 'c'])));
    assert.ok(sameShares([], [{ revision: undefined, percent: 100, tag: 'x' }]));
    assert.ok(!sameShares([base], [{ ...base, revision: 'b' }]));
    assert.ok(!sameShares([base], []));
  });
});

describe('a tag', () => {
  const split = [
    { revision: 'a', percent: 90, tag: 'blue' },
    { revision: 'b', percent: 10 },
    { revision: 'c', percent: 0, tag: 'green' },
  ];

  test('that is given is on its revision alone, and everybody keeps what traffic they get', () => {
    assert.deepEqual(assignTag(split, 'blue', 'c'), [
      { revision: 'a', percent: 90 },
      { revision: 'b', percent: 10 },
      { revision: 'c', percent: 0, tag: 'green' },
      { revision: 'c', percent: 0, tag: 'blue' },
    ]);
    assert.deepEqual(assignTag(split, 'green', 'a'), [
      { revision: 'a', percent: 90, tag: 'blue' },
      { revision: 'b', percent: 10 },
      { revision: 'a', percent: 0, tag: 'green' },
    ]);
    assert.deepEqual(assignTag(split, 'red', 'b').at(-1), { revision: 'b', percent: 0, tag: 'red' });
    assert.deepEqual(assignTag(split, 'red', 'b').slice(0, -1), split);
  });

  test('that is taken away leaves the traffic, and nothing where there was none', () => {
    assert.deepEqual(removeTag(split, 'blue'), [
      { revision: 'a', percent: 90 },
      { revision: 'b', percent: 10 },
      { revision: 'c', percent: 0, tag: 'green' },
    ]);
    assert.deepEqual(removeTag(split, 'green'), split.slice(0, 2));
    assert.deepEqual(removeTag(split, 'red'), split);
  });
});
