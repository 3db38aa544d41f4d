import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { UserError } from '@deploy/cli';
import { deployNoTraffic, setTraffic } from '@deploy/cloudrun';
import type { Emulator, ServiceSeed } from '@deploy/emulator';
import { apiOf, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import {
  BOB,
  bobDeploys,
  bobTags,
  deploy,
  LOOK,
  NEW,
  pinnedCloud,
  shiftTo,
  WRITE,
} from '../support/colleague.ts';

// What a change makes of the service that it finds, and of the one that it leaves.
const userError = (message: RegExp, hint: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.match(error.message, message);
  assert.match(error.hint ?? '', hint);
  return true;
};
const writes = (cloud: Emulator) => cloud.requests.filter(({ method }) => method === 'PATCH');

/**
 * From now on the write is accepted, and the service is then said to serve this; everything else is as it really is.
 */
function claimToServe(cloud: Emulator, revision: string, more: object = {}): void {
  const act = () => {
    const service = cloud.service(SERVICE);
    const generation = String(Number(service.generation) + 1);
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';
    const body = JSON.stringify({
      ...service,
      generation,
      observedGeneration: generation,
      reconciling: false,
      trafficStatuses: [{ type, revision, percent: 100 }],
      terminalCondition: { type: 'Ready', state: 'CONDITION_SUCCEEDED' },
      ...more,
    });
    cloud.on({ match: LOOK, fault: { kind: 'not-json', body }, times: 9 });
  };
  cloud.on({ match: WRITE, fault: { kind: 'first', act } });
}

/** A revision as progress lines have it: without the service's name. */
const brief = (revision = ''): string => revision.replace(`${SERVICE}-`, '');

describe('the verdict is what serves', { concurrency: true }, () => {
  test('a shift that the platform accepts and does not carry out has failed', async () => {
    await using cloud = await pinnedCloud();
    const [a = '', b = ''] = revisionNames(cloud);
    claimToServe(cloud, a);
    await assert.rejects(
      shiftTo(cloud, b),
      userError(
        new RegExp(
          `^the platform did not shift the traffic: ${a}=100 serves, ${b}=100 was asked for \\(the platform says only "succeeded"\\)$`,
        ),
        new RegExp(
          `Cloud Run still has the failed split as its target\\. .*\\n .*scripts/canary-rollout\\.ts rollback ${a}$`,
        ),
      ),
    );
  });

  test('a deployment that the platform moves traffic with has failed', async () => {
    await using cloud = await pinnedCloud();
    const [a, b = ''] = revisionNames(cloud);
    claimToServe(cloud, b);
    await assert.rejects(
      deploy(cloud),
      userError(
        new RegExp(`^traffic should have stayed at ${a}=100, but the platform serves ${b}=100 \\(`),
        /^Look at what serves before going on:\n {2}.* scripts\/canary-rollout\.ts status$/,
      ),
    );
  });

  test('a tag that the platform accepts and does not give has not been given', async () => {
    await using cloud = await pinnedCloud();
    claimToServe(cloud, revisionNames(cloud)[0] ?? '');
    await assert.rejects(
      deployNoTraffic(() => apiOf(cloud), LOCATION, NEW, { tag: 'candidate' }).perform(),
      userError(
        /^tag candidate is on no revision, not on the new revision control-\d{5}-[a-z]{3}$/,
        /^The new revision exists and gets no traffic\. /,
      ),
    );
  });

  test('a digest that the platform does not tell is not made up', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({
      match: { method: 'GET', path: /serving\.knative\.dev\/v1\/.*\/revisions\// },
      fault: { kind: 'not-json', body: '{"status":{}}' },
    });
    assert.equal((await deploy(cloud)).digest, undefined);
  });
});

describe('a deployment', { concurrency: true }, () => {
  const following = (reconcileMs: number, traffic?: ServiceSeed['traffic']) =>
    cloudWith({
      reconcileMs,
      services: [{ name: SERVICE, image: `${IMAGES}:a`, ...(traffic && { traffic }) }],
    });

  test("where LATEST serves waits for somebody else's to settle, which then keeps the traffic", async () => {
    await using cloud = await following(300);
    bobDeploys(cloud);
    const { previousRevision } = await deploy(cloud);
    const [, his = ''] = revisionNames(cloud);
    assert.equal(previousRevision, his);
    assert.deepEqual(serving(cloud), [`${his}=100`]);
  });

  test('where traffic goes to revisions by name does not wait for that', async () => {
    await using cloud = await following(30, [{ revision: 1, percent: 100 }]);
    bobDeploys(cloud);
    await cloud.settled();
    // However late they are, the looks to plan and to compare find his change under way; a third one would not.
    const body = JSON.stringify({ ...cloud.service(SERVICE), reconciling: true });
    cloud.on({ match: LOOK, fault: { kind: 'not-json', body }, times: 2 });
    await deploy(cloud);
    const asked = cloud.requests.filter(({ path }) => LOOK.path.test(path)).map(({ method }) => method);
    assert.deepEqual(asked.slice(0, 3), ['GET', 'GET', 'PATCH']);
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[0]}=100`]);
  });

  test('where LATEST serves and nobody changes anything does not wait either', async () => {
    await using cloud = await following(30);
    await deploy(cloud);
    assert.equal(
      cloud.requests.filter(({ path }) => LOOK.path.test(path)).length,
      4,
      'one of them the write',
    );
  });

  test('of a service that never served is refused before anything is written, and why is told', async () => {
    const image = `${IMAGES}:bad`;
    await using cloud = await cloudWith({
      images: { [image]: 'never-ready' },
      services: [{ name: SERVICE, image }],
    });
    await assert.rejects(
      deploy(cloud),
      userError(
        /^service control has no ready revision to keep the traffic on$/,
        /^A no-traffic deploy needs a service that already serves\. Its state: REVISION_FAILED: /,
      ),
    );
    assert.equal(writes(cloud).length, 0);
  });
});

describe('somebody else who replaces our change while it settles', { concurrency: true }, () => {
  test('is named to who deployed, with what serves and what was to serve', async () => {
    await using cloud = await pinnedCloud();
    const [a = '', b = ''] = revisionNames(cloud);
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';
    const act = () => cloud.changeTraffic(SERVICE, [{ type, revision: b, percent: 100 }], BOB);
    cloud.on({ match: LOOK, skip: 2, fault: { kind: 'first', act } });
    await assert.rejects(
      deploy(cloud),
      userError(
        new RegExp(`while this deployment settled; traffic is now ${b}=100, not ${a}=100$`),
        /^The new revision exists\. Agree on who goes first/,
      ),
    );
  });

  test('is named to who shifted, who is told that theirs is not in force', async () => {
    await using cloud = await pinnedCloud();
    const [a = '', b = ''] = revisionNames(cloud);
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';
    const act = () => cloud.changeTraffic(SERVICE, [{ type, revision: a, percent: 100 }], BOB);
    cloud.on({ match: LOOK, skip: 2, fault: { kind: 'first', act } });
    await assert.rejects(
      shiftTo(cloud, b),
      userError(
        new RegExp(`^bob@example\\.com changed .* in the meantime: traffic went from ${b}=100 to ${a}=100$`),
        /^Your change is not in force\. Agree on who goes first/,
      ),
    );
  });
});

describe('a maintenance window', { concurrency: true }, () => {
  const WINDOW = { OA_MAINTENANCE_MODE_ENABLED: 'true' };
  /** The second revision is in maintenance mode, the first one serves; the newest template is the second's. */
  const halfInWindow = async () => {
    const cloud = await pinnedCloud();
    cloud.changeTemplate(
      SERVICE,
      (template) => ({
        ...template,
        containers: (template.containers ?? []).map((each) => ({
          ...each,
          env: Object.entries(WINDOW).map(([name, value]) => ({ name, value })),
        })),
      }),
      BOB,
    );
    await cloud.settled();
    return cloud;
  };

  test('is not deployed into by a template that is in it, unless that is insisted on', async () => {
    await using cloud = await halfInWindow();
    await assert.rejects(deploy(cloud), userError(/the new revision would turn the public away/, /SKIP_/));
    assert.equal(writes(cloud).length, 0);
    const insisting = deployNoTraffic(() => apiOf(cloud), LOCATION, NEW, { skipMaintenanceCheck: true });
    await insisting.perform();
    assert.equal(writes(cloud).length, 1);
  });

  test('is not shifted into, unless that is insisted on', async () => {
    await using cloud = await halfInWindow();
    const [a, , into = ''] = revisionNames(cloud);
    await assert.rejects(shiftTo(cloud, into), userError(/this would turn the public away/, /SKIP_/));
    assert.deepEqual(serving(cloud), [`${a}=100`]);
    const shares = [{ revision: into, percent: 100 }];
    await setTraffic(() => apiOf(cloud), LOCATION, shares, { skipMaintenanceCheck: true }).perform();
    assert.deepEqual(serving(cloud), [`${into}=100`]);
  });
});

describe('a shift', { concurrency: true }, () => {
  test('does not look at revisions that get nothing', async () => {
    await using cloud = await pinnedCloud();
    const [, b = ''] = revisionNames(cloud);
    const shares = [
      { revision: b, percent: 100 },
      { revision: 'control-of-old', percent: 0 },
    ];
    await setTraffic(() => apiOf(cloud), LOCATION, shares).perform();
    assert.deepEqual(serving(cloud), [`${b}=100`]);
    assert.ok(cloud.requests.every(({ path }) => !path.includes('control-of-old')));
  });

  test('to a revision that is not there says which ones have the traffic', async () => {
    await using cloud = await pinnedCloud();
    await assert.rejects(
      shiftTo(cloud, 'control-nope'),
      userError(
        /^service control has no revision control-nope$/,
        new RegExp(`^Its traffic: ${revisionNames(cloud)[0]}=100\\. Nothing was changed\\.$`),
      ),
    );
  });

  test('to a revision that may not be read says that, and not that it is missing', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({
      match: { method: 'GET', path: /\/revisions\// },
      fault: { kind: 'error', httpStatus: 403, status: 'PERMISSION_DENIED', message: 'made to fail' },
    });
    await assert.rejects(shiftTo(cloud, revisionNames(cloud)[1] ?? ''), /no permission in project/);
    assert.equal(writes(cloud).length, 0);
  });

  test('puts down what is to be put down in the same write, if that is still permitted', async () => {
    await using cloud = await pinnedCloud();
    const [, b = ''] = revisionNames(cloud);
    let isPermitted = false;
    const bookkeeping = {
      permit() {
        if (!isPermitted) throw new UserError('not any more');
      },
      annotations: () => ({ note: 'ours' }),
    };
    const shifting = setTraffic(() => apiOf(cloud), LOCATION, [{ revision: b, percent: 100 }], {
      bookkeeping,
    });
    await assert.rejects(shifting.perform(), /^UserError: not any more$/);
    assert.equal(writes(cloud).length, 0);
    isPermitted = true;
    await shifting.perform();
    assert.deepEqual(cloud.service(SERVICE).annotations, { note: 'ours' });
    assert.deepEqual(serving(cloud), [`${b}=100`]);
    assert.deepEqual(
      writes(cloud).map(({ query }) => decodeURIComponent(query)),
      ['updateMask=traffic,annotations'],
    );
  });

  test('of a service that has no address gives none', async () => {
    await using cloud = await pinnedCloud();
    const [, b = ''] = revisionNames(cloud);
    claimToServe(cloud, b, { uri: '' });
    assert.deepEqual(Object.keys(await shiftTo(cloud, b)), ['service', 'before', 'after']);
  });

  test('without bookkeeping leaves the annotations alone', async () => {
    await using cloud = await pinnedCloud();
    await shiftTo(cloud, revisionNames(cloud)[1] ?? '');
    assert.deepEqual(
      writes(cloud).map(({ query }) => decodeURIComponent(query)),
      ['updateMask=traffic'],
    );
  });
});

describe('who waits is told', () => {
  /** What goes to stderr meanwhile, line by line, without the seconds that something took. */
  async function toldDuring(t: TestContext, work: () => Promise<unknown>): Promise<string[]> {
    let text = '';
    const { mock } = t.mock.method(process.stderr, 'write', (chunk: string | Uint8Array) => {
      text += String(chunk);
      return true;
    });
    try {
      await work();
    } finally {
      mock.restore();
    }
    return text.split('\n').map((line) => line.replace(/ \(\d+ s\)$/, ''));
  }
  const BUSY = 'waiting for control: The change is being carried out.';

  test('what is deployed, for whom it waits, and what came of it', async (t) => {
    await using cloud = await cloudWith({ services: [{ name: SERVICE, image: `${IMAGES}:a` }] });
    // His change is under way when this one looks, however busy the machine is: he makes it at that moment.
    cloud.on({ match: LOOK, fault: { kind: 'first', act: () => bobDeploys(cloud) } });
    // The look after the write, which his tag keeps from being the last one.
    const isAfterTheWrite = { match: WRITE, fault: { kind: 'first', act: () => cloud.on(tagged) } } as const;
    const tagged = { match: LOOK, fault: { kind: 'first', act: () => bobTags(cloud) } } as const;
    cloud.on(isAfterTheWrite);
    const told = await toldDuring(t, () => deploy(cloud));
    const newest = revisionNames(cloud).at(-1);
    assert.equal(told[0], `deploying ${NEW.slice(NEW.lastIndexOf('/') + 1)} to control without traffic`);
    assert.match(
      told[1] ?? '',
      /^waiting first: bob@example\.com changed service control at 20\S+ \(generation 2\), which has not settled yet$/,
    );
    assert.ok(told.includes(BUSY), told.join('\n'));
    assert.ok(told.includes(`revision ${newest} is ready and gets no traffic`), told.join('\n'));
  });

  test('that there is nothing to shift', async (t) => {
    await using cloud = await pinnedCloud();
    const [a = ''] = revisionNames(cloud);
    const told = await toldDuring(t, () => shiftTo(cloud, a));
    assert.deepEqual(told, [
      `shifting traffic of control to ${brief(a)}=100`,
      `traffic of control was ${brief(a)}=100 already: there was nothing to change`,
      '',
    ]);
  });

  test('what is shifted, for whom it waits, and what came of it', async (t) => {
    await using cloud = await pinnedCloud();
    const [a, b = ''] = revisionNames(cloud);
    cloud.on({ match: LOOK, skip: 2, fault: { kind: 'first', act: () => bobTags(cloud) } });
    const told = await toldDuring(t, () => shiftTo(cloud, b));
    assert.equal(told[0], `shifting traffic of control to ${brief(b)}=100`);
    assert.ok(told.includes(BUSY), told.join('\n'));
    assert.ok(
      told.includes(`traffic of control is now ${brief(b)}=100 (was ${brief(a)}=100)`),
      told.join('\n'),
    );
  });
});
