import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import { rollback, type Share, setTraffic } from '@deploy/cloudrun';
import { apiOf, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';

type Cloud = Awaited<ReturnType<typeof cloudWith>>;
const twoRevisions = { name: SERVICE, image: `${IMAGES}:a`, laterImages: [`${IMAGES}:b`] };
const shift = (cloud: Cloud, shares: Share[]) => setTraffic(() => apiOf(cloud), LOCATION, shares).perform();
const to = (revision: string, percent: number) => ({
  type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const,
  revision,
  percent,
});

describe('shifting traffic', { concurrency: true }, () => {
  test('gives exactly the named revisions their shares; others drop to nothing, tags stay', async () => {
    const traffic = [
      { revision: 3, percent: 100 },
      { revision: 2, percent: 0, tag: 'blue' },
    ];
    await using cloud = await cloudWith({
      services: [{ ...twoRevisions, laterImages: [`${IMAGES}:b`, `${IMAGES}:c`], traffic }],
    });
    const [a = '', b = '', c = ''] = revisionNames(cloud);
    const change = await shift(cloud, [
      { revision: a, percent: 95 },
      { revision: b, percent: 5 },
    ]);
    assert.deepEqual(serving(cloud), [`${a}=95`, `${b}=5`, `${b}=0(blue)`]);
    assert.deepEqual(change, {
      service: SERVICE,
      before: [{ revision: c, percent: 100 }],
      after: [
        { revision: a, percent: 95 },
        { revision: b, percent: 5 },
      ],
      url: cloud.service(SERVICE).uri,
    });
  });

  test('a revision named with 0 is left out', async () => {
    await using cloud = await cloudWith({ services: [twoRevisions] });
    const [a = '', b = ''] = revisionNames(cloud);
    await shift(cloud, [
      { revision: a, percent: 100 },
      { revision: b, percent: 0 },
    ]);
    assert.deepEqual(serving(cloud), [`${a}=100`]);
  });

  test('makes no revision, and names only the traffic in its write', async () => {
    await using cloud = await cloudWith({ services: [twoRevisions] });
    const before = cloud.service(SERVICE).template;
    const [a = ''] = revisionNames(cloud);
    await rollback(() => apiOf(cloud), LOCATION, a).perform();
    assert.equal(revisionNames(cloud).length, 2);
    assert.deepEqual(cloud.service(SERVICE).template, before);
  });

  test('a rollback does not wait for a deployment that hangs', async () => {
    await using cloud = await cloudWith({
      services: [twoRevisions],
      images: { [`${IMAGES}:bad`]: 'never-ready' },
    });
    const [a = ''] = revisionNames(cloud);
    const api = await apiOf(cloud);
    const { template, traffic, etag } = await api.read();
    await api.write({ template: { ...template, containers: [{ image: `${IMAGES}:bad` }] }, traffic }, etag);
    await rollback(() => apiOf(cloud), LOCATION, a).perform();
    assert.deepEqual(serving(cloud), [`${a}=100`]);
  });
});

describe('traffic that is as asked for already', { concurrency: true }, () => {
  /** A service whose first revision has everything by its name, a tag beside it, and how to ask for that again. */
  async function served() {
    const traffic = [
      { revision: 1, percent: 100 },
      { revision: 2, percent: 0, tag: 'blue' },
    ];
    const cloud = await cloudWith({ services: [{ ...twoRevisions, traffic }] });
    const [first = '', second = ''] = revisionNames(cloud);
    const all = [{ revision: first, percent: 100 }];
    return {
      ...{ cloud, first, second, all },
      writes: () => cloud.requests.filter(({ method }) => method === 'PATCH').length,
      [Symbol.asyncDispose]: () => cloud[Symbol.asyncDispose](),
    };
  }
  const LOOK = { method: 'GET', path: /services\/control$/ };

  test('is not written again, which the result says', async () => {
    await using place = await served();
    const { cloud, all } = place;
    let remarks = 0;
    const remark = async () => {
      remarks += 1;
    };
    const url = cloud.service(SERVICE).uri;
    assert.deepEqual(await setTraffic(() => apiOf(cloud), LOCATION, all, { remark }).perform(), {
      ...{ service: SERVICE, before: all, after: all, url },
      isUnchanged: true,
    });
    assert.equal(place.writes(), 0);
    assert.equal(remarks, 0, 'there is nothing to say about a change that is not made');
  });

  test('of a service without an address has none in the result', async () => {
    await using place = await served();
    const body = JSON.stringify({ ...place.cloud.service(SERVICE), uri: '' });
    place.cloud.on({ match: LOOK, fault: { kind: 'not-json', body } });
    assert.deepEqual(Object.keys(await shift(place.cloud, place.all)), [
      'service',
      'before',
      'after',
      'isUnchanged',
    ]);
  });

  test('is written where it only follows LATEST, or serves otherwise than it was asked for', async () => {
    await using following = await cloudWith({ services: [twoRevisions] });
    const [, latest = ''] = revisionNames(following);
    const change = await shift(following, [{ revision: latest, percent: 100 }]);
    assert.equal(change.isUnchanged, undefined);
    assert.deepEqual(
      following.service(SERVICE).traffic.map(({ revision }) => revision),
      [latest],
    );

    await using place = await served();
    const { cloud, first, second, all } = place;
    const body = (trafficStatuses: object[]) =>
      JSON.stringify({ ...cloud.service(SERVICE), trafficStatuses });
    const otherwise = body([to(second, 100)]);
    cloud.on({ match: LOOK, fault: { kind: 'not-json', body: otherwise }, times: 2 });
    assert.equal((await shift(cloud, all)).isUnchanged, undefined);
    assert.equal(place.writes(), 1);
    assert.deepEqual(serving(cloud)[0], `${first}=100`);
  });

  test('is asked for again while the platform is at work, and waited for', async () => {
    await using place = await served();
    const { cloud, all } = place;
    const body = JSON.stringify({ ...cloud.service(SERVICE), reconciling: true });
    cloud.on({ match: LOOK, fault: { kind: 'not-json', body }, times: 2 });
    assert.equal((await shift(cloud, all)).isUnchanged, undefined);
    assert.equal(place.writes(), 1);
  });

  test('is written for the sake of what is put down with it', async () => {
    await using place = await served();
    const bookkeeping = { permit: () => {}, annotations: () => ({ note: 'ours' }) };
    await setTraffic(() => apiOf(place.cloud), LOCATION, place.all, { bookkeeping }).perform();
    assert.deepEqual(place.cloud.service(SERVICE).annotations, { note: 'ours' });
  });
});

test('whoever shifts may remark on what is found, before it is written', async () => {
  await using cloud = await cloudWith({ services: [twoRevisions] });
  const [a = ''] = revisionNames(cloud);
  const seen: string[] = [];
  const remark = async (_: unknown, now: { generation: number }) => {
    const writes = cloud.requests.filter(({ method }) => method === 'PATCH').length;
    seen.push(`generation ${now.generation}, ${writes} writes`);
  };
  await setTraffic(() => apiOf(cloud), LOCATION, [{ revision: a, percent: 100 }], { remark }).perform();
  assert.deepEqual(seen, ['generation 2, 0 writes']);
});

describe('traffic is not shifted to', { concurrency: true }, () => {
  test('a revision that does not exist', async () => {
    await using cloud = await cloudWith({ services: [twoRevisions] });
    const before = serving(cloud);
    await assert.rejects(
      shift(cloud, [{ revision: 'control-nope', percent: 100 }]),
      /has no revision control-nope/,
    );
    assert.deepEqual(serving(cloud), before);
  });

  test('revisions whose roles are swapped by what serves, where they are named', async () => {
    const traffic = [{ revision: 1, percent: 100 }];
    await using cloud = await cloudWith({ services: [{ ...twoRevisions, traffic }] });
    const [older = '', newer = ''] = revisionNames(cloud);
    const shares = [
      { revision: newer, percent: 95 },
      { revision: older, percent: 5 },
    ];
    const roles = { named: { stable: newer, canary: older, canaryPercent: 5 } };
    const swapped = setTraffic(() => apiOf(cloud), LOCATION, shares, { roles });
    await assert.rejects(swapped.perform(), /^UserError: stable and canary seem to be swapped: /);
    assert.deepEqual(serving(cloud), [`${older}=100`]);
    await shift(cloud, shares);
    assert.deepEqual(serving(cloud), [`${newer}=95`, `${older}=5`]);
  });

  test('a revision that never became ready, with the reason', async () => {
    await using cloud = await cloudWith({
      services: [{ ...twoRevisions, laterImages: [`${IMAGES}:bad`] }],
      images: { [`${IMAGES}:bad`]: 'never-ready' },
    });
    const [a = '', bad = ''] = revisionNames(cloud);
    await assert.rejects(shift(cloud, [{ revision: bad, percent: 100 }]), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.message,
        new RegExp(`${bad} is not ready and cannot take traffic: HEALTH_CHECK_CONTAINER_ERROR`),
      );
      assert.match(error.hint ?? '', new RegExp(`Nothing was changed: traffic stays at ${a}=100`));
      return true;
    });
    assert.deepEqual(cloud.service(SERVICE).traffic, []);
  });
});

describe('two people at once', { concurrency: true }, () => {
  test('whoever comes second is told who changed what and when, and does not undo it', async () => {
    await using cloud = await cloudWith({ services: [twoRevisions] });
    const [a = '', b = ''] = revisionNames(cloud);
    cloud.on({
      match: { method: 'PATCH', path: /./ },
      fault: {
        kind: 'first',
        act: () => cloud.changeTraffic(SERVICE, [to(a, 50), to(b, 50)], 'bob@example.com'),
      },
    });
    await assert.rejects(shift(cloud, [{ revision: a, percent: 100 }]), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(
        error.message,
        /^bob@example\.com changed service control at 20\d\d-.*Z \(generation 3\) in the meantime/,
      );
      assert.match(error.message, new RegExp(`traffic went from ${b}=100 to ${a}=50 ${b}=50`));
      return true;
    });
    // The script reads again after up to 0.8 s, perhaps before his change has settled.
    await cloud.settled();
    assert.deepEqual(serving(cloud), [`${a}=50`, `${b}=50`]);
  });

  test('whoever was first and is overwritten before it settled is told so', async () => {
    await using cloud = await cloudWith({ services: [twoRevisions], etags: 'lax', reconcileMs: 200 });
    const [a = '', b = ''] = revisionNames(cloud);
    // The third look at the service is the first one after the write.
    cloud.on({
      match: { method: 'GET', path: /services\/control$/ },
      fault: { kind: 'first', act: () => {} },
      times: 2,
    });
    cloud.on({
      match: { method: 'GET', path: /services\/control$/ },
      fault: { kind: 'first', act: () => cloud.changeTraffic(SERVICE, [to(b, 100)], 'bob@example.com') },
    });
    await assert.rejects(
      shift(cloud, [{ revision: a, percent: 100 }]),
      /bob@example\.com changed service control/,
    );
    assert.deepEqual(serving(cloud), [`${b}=100`]);
  });

  test('a deployment by somebody else in between does not disturb a shift', async () => {
    await using cloud = await cloudWith({
      services: [{ ...twoRevisions, traffic: [{ revision: 2, percent: 100 }] }],
    });
    const [a = ''] = revisionNames(cloud);
    const api = await apiOf(cloud);
    cloud.on({
      match: { method: 'PATCH', path: /./ },
      fault: {
        kind: 'first',
        async act() {
          const { template, traffic, etag } = await api.read();
          await api.write(
            { template: { ...template, containers: [{ image: `${IMAGES}:c` }] }, traffic },
            etag,
          );
        },
      },
    });
    await shift(cloud, [{ revision: a, percent: 100 }]);
    assert.deepEqual(serving(cloud), [`${a}=100`]);
    assert.equal(revisionNames(cloud).length, 3);
  });
});

describe('an answer that is lost', { concurrency: true }, () => {
  for (const when of ['before', 'after'] as const) {
    test(`${when} the write was taken: the traffic ends as asked for`, async () => {
      await using cloud = await cloudWith({ services: [twoRevisions] });
      const [a = ''] = revisionNames(cloud);
      cloud.on({ match: { method: 'PATCH', path: /./ }, fault: { kind: 'reset', when } });
      await shift(cloud, [{ revision: a, percent: 100 }]);
      assert.deepEqual(serving(cloud), [`${a}=100`]);
      assert.equal(cloud.service(SERVICE).generation, '3');
    });
  }
});
