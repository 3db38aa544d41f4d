import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { migrationDrift } from '@deploy/cloudrun';
import { isSameImage } from '@deploy/cloudrun/registry';

type MigrationState = Parameters<typeof migrationDrift>[0];
type Execution = NonNullable<MigrationState['execution']>;

const IMAGE = 'registry.example.com/runtime:seven';
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

function execution(over: Partial<Execution> = {}): Execution {
  return {
    name: 'migrate-abcde',
    image: IMAGE,
    createTime: '2026-03-01T00:00:00.000Z',
    completed: { type: 'Completed', state: 'succeeded', reason: undefined, message: undefined },
    ...over,
  };
}

function state(over: Partial<MigrationState> = {}): MigrationState {
  return {
    service: { name: 'runtime', image: IMAGE },
    job: { name: 'migrate', image: IMAGE },
    execution: execution(),
    expectedImage: undefined,
    ...over,
  };
}

describe('drift between a service and its migrations', () => {
  test('none when all three agree and the last migration succeeded', () => {
    assert.deepEqual(migrationDrift(state()), []);
    assert.deepEqual(migrationDrift(state({ expectedImage: IMAGE })), []);
  });

  test('images that are not named agree on nothing, least of all with each other', () => {
    const found = migrationDrift(
      state({
        service: { name: 'runtime', image: '' },
        job: { name: 'migrate', image: '' },
        execution: execution({ image: '' }),
      }),
    );
    assert.deepEqual(found, [
      'service runtime runs an unknown image, but job migrate runs an unknown image',
      'service runtime runs an unknown image, but its newest execution migrate-abcde runs an unknown image',
    ]);
  });

  test('none between a tag and another, when both name the same digest', () => {
    const pinned = (name: string): string => `registry.example.com/${name}@${digest('a')}`;
    const found = migrationDrift({
      service: { name: 'runtime', image: pinned('runtime:seven') },
      job: { name: 'migrate', image: pinned('runtime') },
      execution: execution({ image: pinned('runtime:latest') }),
      expectedImage: pinned('runtime:7.0'),
    });
    assert.deepEqual(found, []);
  });

  const old = 'registry.example.com/runtime:six';
  const failing = { type: 'Completed', reason: 'NON_ZERO_EXIT_CODE', message: 'task 0 failed' };
  const cases: [string, Partial<MigrationState>, string[]][] = [
    [
      'another image on the job',
      { job: { name: 'migrate', image: old } },
      [`service runtime runs ${IMAGE}, but job migrate runs ${old}`],
    ],
    [
      'another image in the newest execution',
      { execution: execution({ image: old }) },
      [`service runtime runs ${IMAGE}, but its newest execution migrate-abcde runs ${old}`],
    ],
    [
      'another image than expected',
      { expectedImage: old },
      [`service runtime runs ${IMAGE}, but EXPECTED_IMAGE is ${old}`],
    ],
    [
      'a migration that failed',
      { execution: execution({ completed: { ...failing, state: 'failed' } }) },
      [
        'execution migrate-abcde of 2026-03-01T00:00:00.000Z should have succeeded, but is failed (NON_ZERO_EXIT_CODE: task 0 failed)',
      ],
    ],
    [
      'a migration that is under way',
      {
        execution: execution({
          completed: { type: 'Completed', state: 'reconciling', reason: undefined, message: undefined },
        }),
      },
      ['execution migrate-abcde of 2026-03-01T00:00:00.000Z should have succeeded, but is still running'],
    ],
    [
      'no migration at all',
      { execution: undefined },
      ['job migrate has never been executed, so nothing has been migrated for runtime'],
    ],
    [
      'no image on the job',
      { job: { name: 'migrate', image: '' } },
      [`service runtime runs ${IMAGE}, but job migrate runs an unknown image`],
    ],
    [
      'everything at once',
      { job: { name: 'migrate', image: old }, expectedImage: 'x', execution: execution({ image: 'y' }) },
      [
        `service runtime runs ${IMAGE}, but EXPECTED_IMAGE is x`,
        `service runtime runs ${IMAGE}, but job migrate runs ${old}`,
        `service runtime runs ${IMAGE}, but its newest execution migrate-abcde runs y`,
      ],
    ],
  ];
  for (const [name, over, findings] of cases) {
    test(name, () => assert.deepEqual(migrationDrift(state(over)), findings));
  }
});

describe('two references are the same image', () => {
  const cases: [string, string, boolean][] = [
    ['a/b:c', 'a/b:c', true],
    ['a/b:c', 'a/b:d', false],
    [`a/b:c@${digest('a')}`, `a/b@${digest('a')}`, true],
    [`a/b@${digest('a')}`, `a/b@${digest('b')}`, false],
    // What a tag points to is not known here.
    ['a/b:c', `a/b:c@${digest('a')}`, false],
  ];
  for (const [one, other, same] of cases) {
    test(`${one.slice(0, 20)} and ${other.slice(0, 20)}: ${same}`, () => {
      assert.equal(isSameImage(one, other), same);
      assert.equal(isSameImage(other, one), same);
    });
  }
});
