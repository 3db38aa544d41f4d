import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import type { Service } from '@deploy/cloudrun';
import {
  type MaintenanceWish,
  planMaintenance,
  type Situation,
  type SplitBefore,
} from '@deploy/cloudrun/maintenance';
import type { RevisionTemplate, RunningRevision } from '@deploy/cloudrun/service';

const SWITCH = 'OA_MAINTENANCE_MODE_ENABLED';
const OFF: MaintenanceWish = { mode: 'off' };
const ON: MaintenanceWish = {
  mode: 'on',
  values: { cookieName: 'c', cookieTtlSeconds: 60, allowedPaths: '/healthz', secretName: 's' } as never,
};
const IMAGE_OF: Record<string, string> = { a: 'host/image@sha256:aaa', b: 'host/image@sha256:bbb' };
const succeeded = { type: 'Ready', state: 'succeeded', reason: undefined, message: undefined } as const;

/** As a revision named `name` has it, with the variable SEEN to tell templates apart. */
function template(name: string, mode?: 'on' | 'off'): RevisionTemplate {
  const maintenance =
    mode === 'on'
      ? [
          { name: SWITCH, value: 'true' },
          { name: 'OA_MAINTENANCE_BYPASS_COOKIE_NAME', value: 'c' },
          { name: 'OA_MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS', value: '60' },
          { name: 'OA_MAINTENANCE_ALLOWED_PATHS', value: '/healthz' },
          {
            name: 'OA_MAINTENANCE_BYPASS_TOKEN',
            valueSource: { secretKeyRef: { secret: 's', version: 'latest' } },
          },
        ]
      : mode === 'off'
        ? [{ name: SWITCH, value: 'false' }]
        : [];
  return { containers: [{ image: 'host/image:tag', env: [{ name: 'SEEN', value: name }, ...maintenance] }] };
}

function running(name: string, mode?: 'on' | 'off'): RunningRevision {
  return {
    name,
    image: 'host/image:tag',
    reconciling: false,
    ready: succeeded,
    createTime: '2026-02-12T17:00:00Z',
    creator: undefined,
    nonce: undefined,
    template: template(name, mode),
    imageDigest: IMAGE_OF[name],
  };
}

/** What a template amounts to: whose it is, the image it runs, and what the switch says. */
function told(given: RevisionTemplate | undefined) {
  const [container] = given?.containers ?? [];
  if (container === undefined) return undefined;
  const value = (name: string) => container.env?.find((each) => each.name === name)?.value;
  return { of: value('SEEN'), image: container.image, switch: value(SWITCH) };
}

const of = (name: string, mode?: 'true' | 'false') => ({ of: name, image: IMAGE_OF[name], switch: mode });

type Given = {
  serving: RunningRevision[];
  newest?: RunningRevision;
  isReplaced?: boolean;
  traffic?: Service['traffic'];
  before?: SplitBefore;
};

function situation({ serving, newest, isReplaced = false, traffic, before }: Given): Situation {
  const [base] = serving;
  const last = newest ?? base ?? running('a');
  const served = serving.map(({ name }) => ({ revision: name, percent: 100 / serving.length }));
  return {
    location: { project: 'p', region: 'us-central1', service: 'svc' },
    service: {
      name: 'svc',
      uid: 'svc-1',
      readAt: 0,
      generation: 1,
      observedGeneration: 1,
      reconciling: false,
      etag: '"1"',
      url: 'https://svc.run.app',
      isOpenToAll: true,
      lastModifier: 'alice@example.com',
      updateTime: '2026-02-12T17:00:00Z',
      template: last.template,
      annotations: {},
      image: '',
      traffic: traffic ?? [],
      served,
      latestCreatedRevision: last.name,
      latestReadyRevision: last.name,
      ready: succeeded,
    },
    serving,
    base,
    before,
    newest: { template: last.template, imageDigest: last.imageDigest, revision: last.name, isReplaced },
  };
}

/** The plan, with its templates in short. */
function plan(
  given: Given,
  wish: MaintenanceWish,
  options: { rotated?: boolean; moveTraffic?: boolean } = {},
) {
  const made = planMaintenance(situation(given), wish, { rotated: false, moveTraffic: false, ...options });
  const { window, restore, newest, fallback, note } = made;
  return {
    ...(window && { window: told(window.template), traffic: window.traffic }),
    ...(restore && { restore }),
    ...(newest && { newest: told(newest) }),
    ...(fallback && { fallback: told(fallback) }),
    ...(note && { note }),
  };
}

const PINNED = [{ revision: 'a', percent: 100 }];

describe('opening a window', () => {
  test('makes it from what serves, and keeps the template to fall back to', () => {
    assert.deepEqual(plan({ serving: [running('a')] }, ON), {
      window: of('a', 'true'),
      traffic: 'follows',
      fallback: of('a'),
    });
  });

  test('moves the traffic when it is pinned, if that is allowed', () => {
    assert.deepEqual(plan({ serving: [running('a')], traffic: PINNED }, ON, { moveTraffic: true }), {
      window: of('a', 'true'),
      traffic: 'move',
      fallback: of('a'),
    });
  });

  test('moves the traffic of several revisions that serve, also when LATEST is all that is asked for', () => {
    const serving = [running('a'), running('b')];
    assert.deepEqual(plan({ serving }, ON, { moveTraffic: true }), {
      window: of('a', 'true'),
      traffic: 'move',
      fallback: of('a'),
    });
    assert.throws(() => plan({ serving }, ON), /traffic is pinned/);
  });

  test('beside a candidate leaves the candidate as it was, but for the variables', () => {
    const given = { serving: [running('a')], newest: running('b') };
    assert.deepEqual(plan(given, ON, { moveTraffic: true }), {
      window: of('a', 'true'),
      traffic: 'move',
      newest: of('b', 'true'),
      fallback: of('b'),
    });
  });

  test('anew after one that was not finished writes the newest template as well', () => {
    const given = { serving: [running('a')], isReplaced: true };
    assert.deepEqual(plan(given, ON), {
      window: of('a', 'true'),
      traffic: 'move',
      newest: of('a', 'true'),
      fallback: of('a'),
    });
  });

  test('does nothing when it is open, unless the newest template was left out or the token is new', () => {
    const open = { serving: [running('a', 'on')] };
    assert.deepEqual(plan(open, ON), {});
    assert.deepEqual(plan({ ...open, newest: running('b') }, ON), {});
    assert.deepEqual(plan({ ...open, newest: running('b'), isReplaced: true }, ON), {
      newest: of('b', 'true'),
    });
    assert.deepEqual(plan(open, ON, { rotated: true }), {
      window: of('a', 'true'),
      traffic: 'follows',
      fallback: of('a', 'true'),
    });
  });

  test('is due when one of those that serve is not in it', () => {
    const given = { serving: [running('a', 'on'), running('b')] };
    assert.equal(plan(given, ON, { moveTraffic: true }).traffic, 'move');
  });

  test('never goes by a split that an earlier window put down', () => {
    const before = { shares: [{ revision: 'b', percent: 100 }], problem: undefined };
    const made = plan({ serving: [running('a')], before }, ON);
    assert.deepEqual(made, { window: of('a', 'true'), traffic: 'follows', fallback: of('a') });
  });
});

describe('closing a window', () => {
  const open = { serving: [running('a', 'on')] };

  test('makes a revision from what serves when nothing is known of before', () => {
    assert.deepEqual(plan(open, OFF), { window: of('a', 'false'), traffic: 'follows' });
  });

  test('gives the traffic back to those that had it, and takes the switch out of the newest template', () => {
    const restore = [
      { revision: 'b', percent: 60 },
      { revision: 'c', percent: 40 },
    ];
    const before = { shares: restore, problem: undefined };
    assert.deepEqual(plan({ ...open, before }, OFF), { restore, newest: of('a', 'false') });
    assert.deepEqual(plan({ ...open, before, newest: running('b') }, OFF), { restore });
  });

  test('beside a candidate leaves both closed, also when the window comes to nothing', () => {
    assert.deepEqual(plan({ ...open, newest: running('b', 'on') }, OFF, { moveTraffic: true }), {
      window: of('a', 'false'),
      traffic: 'move',
      newest: of('b', 'false'),
      fallback: of('b', 'false'),
    });
  });

  test('says so when the split of before cannot be put back, and moves the traffic all the same', () => {
    const before = { shares: [{ revision: 'b', percent: 100 }], problem: 'b is gone' };
    const note =
      'warning: the split from before the window (b=100) was not restored, because b is gone; a new revision that is not in maintenance mode has all the traffic';
    assert.deepEqual(plan({ ...open, before, traffic: PINNED }, OFF), {
      window: of('a', 'false'),
      traffic: 'move',
      note,
    });
    const candidate = { ...open, before, newest: running('b', 'on'), traffic: PINNED };
    assert.equal(plan(candidate, OFF).note, note);
  });

  test('that is closed does nothing, but for a newest template that still says otherwise', () => {
    const closed = { serving: [running('a')] };
    assert.deepEqual(plan(closed, OFF), {});
    assert.deepEqual(plan({ ...closed, newest: running('b', 'on') }, OFF), { newest: of('b', 'false') });
    assert.deepEqual(plan({ ...closed, newest: running('b'), isReplaced: true }, OFF), {
      newest: of('b', 'false'),
    });
  });
});

describe('what cannot be planned', () => {
  const refusal = (given: Given, wish: MaintenanceWish): UserError => {
    try {
      plan(given, wish);
    } catch (error) {
      if (error instanceof UserError) return error;
      throw error;
    }
    return assert.fail('it was planned');
  };

  test('a service that serves nothing', () => {
    assert.equal(
      refusal({ serving: [] }, ON).message,
      'service svc serves nothing: there is nothing to put into maintenance',
    );
  });

  test('pinned traffic that is not to be moved: says who has it, and what would move it', () => {
    const opening = refusal({ serving: [running('a')], traffic: PINNED }, ON);
    assert.equal(
      opening.message,
      'maintenance mode of svc is NOT on as asked for: traffic is pinned (a=100), so a revision made for it would get none; nothing was changed',
    );
    assert.match(
      opening.hint ?? '',
      /^To give it the traffic, and have the split put back later:\n {2}.*SERVICE=svc MAINTENANCE_MOVE_TRAFFIC=1 .*maintenance-mode\.ts enable$/,
    );
    const closing = refusal({ serving: [running('a', 'on')], traffic: PINNED }, OFF);
    assert.match(closing.message, /^maintenance mode of svc is NOT off as asked for/);
    assert.match(closing.hint ?? '', /^To give it the traffic:\n {2}.*maintenance-mode\.ts disable$/);
  });
});
