import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import { deployNoTraffic, rollback } from '@deploy/cloudrun';
import type { TrafficTargetJson } from '@deploy/emulator';
import { apiOf, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';

// A change reads the service to plan (1st look), reads it again to compare (2nd), writes, and looks what came of it (3rd and
// later). Each test has somebody else's change land at one of these moments.
const BOB = 'bob@example.com';
const NEW = `${IMAGES}:new`;
const LOOK = { method: 'GET', path: /services\/control$/ };
const WRITE = { method: 'PATCH', path: /services\/control$/ };

type Cloud = Awaited<ReturnType<typeof cloudWith>>;

const pinned = {
  name: SERVICE,
  image: `${IMAGES}:a`,
  laterImages: [`${IMAGES}:b`],
  traffic: [{ revision: 1, percent: 100 }],
};

const deploy = (cloud: Cloud) => deployNoTraffic(() => apiOf(cloud), LOCATION, NEW).perform();
const shiftTo = (cloud: Cloud, revision: string) =>
  rollback(() => apiOf(cloud), LOCATION, revision).perform();

/** Bob splits the traffic in half. */
function bobShifts(cloud: Cloud): string[] {
  const [a = '', b = ''] = revisionNames(cloud);
  const half = (revision: string): TrafficTargetJson => ({
    type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
    revision,
    percent: 50,
  });
  cloud.changeTraffic(SERVICE, [half(a), half(b)], BOB);
  return [`${a}=50`, `${b}=50`];
}

/** Bob deploys with a variable of his. */
function bobDeploys(cloud: Cloud): void {
  const withHis = (env: readonly { name: string; value?: string }[] = []) => [
    ...env,
    { name: 'BOBS', value: '1' },
  ];
  cloud.changeTemplate(
    SERVICE,
    (template) => ({
      ...template,
      containers: template.containers?.map((each) => ({ ...each, env: withHis(each.env) })) ?? [],
    }),
    BOB,
  );
}

/** Bob gives the second revision a tag; every share stays. */
function bobTags(cloud: Cloud): void {
  const [a = '', b = ''] = revisionNames(cloud);
  const target = (revision: string, rest: TrafficTargetJson): TrafficTargetJson => ({
    type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
    revision,
    ...rest,
  });
  cloud.changeTraffic(SERVICE, [target(a, { percent: 100 }), target(b, { tag: 'bobs' })], BOB);
}

function variablesOf(cloud: Cloud): (string | undefined)[] {
  return (cloud.service(SERVICE).template.containers?.[0]?.env ?? []).map(({ name }) => name);
}

function imagesMade(cloud: Cloud): (string | undefined)[] {
  return cloud.revisions(SERVICE).map(({ containers }) => containers?.[0]?.image);
}

for (const etags of ['strict', 'lax'] as const) {
  const world = () => cloudWith({ etags, services: [pinned] });
  const namesBob = (error: unknown): boolean => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /bob@example\.com changed service control at 20/);
    return true;
  };

  describe(`${etags} etags: somebody else's change between the plan and the comparison`, () => {
    test('a shift survives a deployment', async () => {
      await using cloud = await world();
      cloud.on({ match: LOOK, skip: 1, fault: { kind: 'first', act: () => void bobShifts(cloud) } });
      await deploy(cloud);
      await cloud.settled();
      const [a, b] = revisionNames(cloud);
      assert.deepEqual(serving(cloud), [`${a}=50`, `${b}=50`]);
      assert.equal(imagesMade(cloud).filter((image) => image === NEW).length, 1);
    });

    test('a template survives a deployment', async () => {
      await using cloud = await world();
      cloud.on({ match: LOOK, skip: 1, fault: { kind: 'first', act: () => bobDeploys(cloud) } });
      await deploy(cloud);
      assert.deepEqual(variablesOf(cloud), ['BOBS']);
      assert.equal(cloud.service(SERVICE).template.containers?.[0]?.image, NEW);
    });

    test('a shift is not undone by another shift, which says whose it met', async () => {
      await using cloud = await world();
      let theirs: string[] = [];
      const act = () => {
        theirs = bobShifts(cloud);
      };
      cloud.on({ match: LOOK, skip: 1, fault: { kind: 'first', act } });
      await assert.rejects(shiftTo(cloud, revisionNames(cloud)[1] ?? ''), namesBob);
      await cloud.settled();
      assert.deepEqual(serving(cloud), theirs);
    });

    test('a tag survives a deployment and a shift, and stops neither', async () => {
      await using cloud = await world();
      const [a, b = ''] = revisionNames(cloud);
      cloud.on({ match: LOOK, skip: 1, fault: { kind: 'first', act: () => bobTags(cloud) } });
      await shiftTo(cloud, b);
      assert.deepEqual(serving(cloud), [`${b}=100`, `${b}=0(bobs)`]);
      await shiftTo(cloud, a ?? '');
      cloud.changeTraffic(SERVICE, [], BOB);
      await cloud.settled();
      cloud.on({ match: LOOK, skip: 1, fault: { kind: 'first', act: () => bobTags(cloud) } });
      await deploy(cloud);
      assert.deepEqual(serving(cloud), [`${a}=100`, `${b}=0(bobs)`]);
    });

    test('a template survives a shift', async () => {
      await using cloud = await world();
      const [, b = ''] = revisionNames(cloud);
      cloud.on({ match: LOOK, skip: 1, fault: { kind: 'first', act: () => bobDeploys(cloud) } });
      await shiftTo(cloud, b);
      assert.deepEqual(serving(cloud), [`${b}=100`]);
      assert.deepEqual(variablesOf(cloud), ['BOBS']);
    });
  });

  describe(`${etags} etags: a traffic write that is lost on its way`, () => {
    const lost = (act: () => void) =>
      ({ match: WRITE, fault: { kind: 'reset', when: 'before', act } }) as const;

    test("is not taken for done because of somebody else's deployment: it is sent again", async () => {
      await using cloud = await world();
      const [, b = ''] = revisionNames(cloud);
      cloud.on(lost(() => bobDeploys(cloud)));
      await shiftTo(cloud, b);
      assert.deepEqual(serving(cloud), [`${b}=100`]);
      assert.deepEqual(variablesOf(cloud), ['BOBS']);
    });

    test("is not taken for done because of somebody else's shift, which stays and is named", async () => {
      await using cloud = await world();
      let theirs: string[] = [];
      cloud.on(
        lost(() => {
          theirs = bobShifts(cloud);
        }),
      );
      await assert.rejects(shiftTo(cloud, revisionNames(cloud)[1] ?? ''), namesBob);
      await cloud.settled();
      assert.deepEqual(serving(cloud), theirs);
    });
  });

  describe(`${etags} etags: a write that was taken, its answer lost`, () => {
    const unanswered = { match: WRITE, fault: { kind: 'reset', when: 'after' } } as const;
    const atTheLookAfter = (act: () => void) =>
      ({ match: LOOK, skip: 2, fault: { kind: 'first', act } }) as const;

    // Whether theirs came before ours, and was overwritten, or after it cannot be told any more.
    test("is found again behind somebody else's deployment, not sent twice, and the doubt is told", async () => {
      await using cloud = await world();
      const [, b = ''] = revisionNames(cloud);
      cloud.on(unanswered);
      cloud.on(atTheLookAfter(() => bobDeploys(cloud)));
      await assert.rejects(shiftTo(cloud, b), /somebody else changed service control in the same moment/);
      await cloud.settled();
      assert.deepEqual(serving(cloud), [`${b}=100`]);
      assert.equal(cloud.requests.filter(({ method }) => method === 'PATCH').length, 1);
    });

    test('a shift that somebody else has replaced since is not repeated over theirs', async () => {
      await using cloud = await world();
      let theirs: string[] = [];
      cloud.on(unanswered);
      cloud.on(
        atTheLookAfter(() => {
          theirs = bobShifts(cloud);
        }),
      );
      await assert.rejects(shiftTo(cloud, revisionNames(cloud)[1] ?? ''), namesBob);
      await cloud.settled();
      assert.deepEqual(serving(cloud), theirs);
    });

    test('a deployment is found again by its mark behind another one, not made twice, and the doubt is told', async () => {
      await using cloud = await world();
      cloud.on(unanswered);
      cloud.on(atTheLookAfter(() => bobDeploys(cloud)));
      await assert.rejects(deploy(cloud), /somebody else changed service control in the same moment/);
      assert.equal(cloud.requests.filter(({ method }) => method === 'PATCH').length, 1);
      assert.equal(revisionNames(cloud).length, 4, "ours and bob's");
    });
  });

  describe(`${etags} etags: somebody else's change between the write and its settling`, () => {
    const afterTheWrite = (act: () => void) =>
      ({ match: LOOK, skip: 2, fault: { kind: 'first', act } }) as const;

    test('a shift that replaces ours is an error that names its author', async () => {
      await using cloud = await world();
      cloud.on(afterTheWrite(() => void bobShifts(cloud)));
      await assert.rejects(shiftTo(cloud, revisionNames(cloud)[1] ?? ''), namesBob);
    });

    test('a tag does not disturb a shift', async () => {
      await using cloud = await world();
      const [a = ''] = revisionNames(cloud);
      cloud.on(afterTheWrite(() => bobTags(cloud)));
      await shiftTo(cloud, a);
      await cloud.settled();
      assert.equal(serving(cloud)[0], `${a}=100`);
    });

    test('a deployment does not disturb a shift', async () => {
      await using cloud = await world();
      const [, b = ''] = revisionNames(cloud);
      cloud.on(afterTheWrite(() => bobDeploys(cloud)));
      await shiftTo(cloud, b);
      assert.deepEqual(serving(cloud), [`${b}=100`]);
    });

    test('a shift while a deployment settles leaves the new revision, and is told', async () => {
      await using cloud = await world();
      cloud.on(afterTheWrite(() => void bobShifts(cloud)));
      await assert.rejects(deploy(cloud), namesBob);
      assert.equal(imagesMade(cloud).filter((image) => image === NEW).length, 1);
    });
  });
}

describe("a colleague's change in the moment between the comparison and the write", () => {
  test('strict etags: a template is planned around', async () => {
    await using cloud = await cloudWith({ services: [pinned] });
    cloud.on({ match: WRITE, fault: { kind: 'first', act: () => bobDeploys(cloud) } });
    await deploy(cloud);
    assert.deepEqual(variablesOf(cloud), ['BOBS']);
  });

  test('lax etags: it cannot be prevented, but is an error that says so', async () => {
    for (const act of [bobDeploys, bobShifts]) {
      await using cloud = await cloudWith({ etags: 'lax', services: [pinned] });
      cloud.on({ match: WRITE, fault: { kind: 'first', act: () => void act(cloud) } });
      await assert.rejects(
        shiftTo(cloud, revisionNames(cloud)[1] ?? ''),
        /somebody else changed service control in the same moment/,
      );
    }
  });
});
