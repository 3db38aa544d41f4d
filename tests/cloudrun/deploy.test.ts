import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import { deployNoTraffic, setTraffic } from '@deploy/cloudrun';
import { disableMaintenance, enableMaintenance } from '@deploy/cloudrun/maintenance';
import { apiOf, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { pinnedCloud, WRITE } from '../support/colleague.ts';

const NEW = `${IMAGES}:two`;
type Cloud = Awaited<ReturnType<typeof cloudWith>>;
const deploy = (cloud: Cloud, image = NEW) => deployNoTraffic(() => apiOf(cloud), LOCATION, image).perform();

describe('deploying without traffic', { concurrency: true }, () => {
  test('makes one revision with the new image, and whoever served goes on serving', async () => {
    await using cloud = await cloudWith();
    const [first = ''] = revisionNames(cloud);
    const deployment = await deploy(cloud);
    const [, second] = revisionNames(cloud);
    assert.equal(revisionNames(cloud).length, 2);
    assert.deepEqual(deployment, {
      service: SERVICE,
      image: NEW,
      revision: second,
      digest: cloud.imageDigest(SERVICE, second ?? '')?.split('@')[1],
      previousRevision: first,
      traffic: [{ revision: first, percent: 100 }],
      stable: first,
      window: undefined,
      isInMaintenance: false,
    });
    assert.deepEqual(serving(cloud), [`${first}=100`]);
    assert.equal(cloud.revisions(SERVICE)[0]?.containers?.[0]?.image, NEW);
  });

  test('of an image without a registry is refused before anything is asked', async () => {
    await using cloud = await cloudWith();
    await assert.rejects(deploy(cloud, 'control:two'), {
      message: 'the image is "control:two", which names no registry',
    });
    assert.deepEqual(cloud.requests, []);
  });

  test('keeps all of the template but the image', async () => {
    await using cloud = await cloudWith({
      secrets: { key: 'sesame' },
      services: [
        {
          name: SERVICE,
          image: `${IMAGES}:one`,
          env: { A: '1', EMPTY: '', KEY: { secret: 'key', version: 'latest' } },
        },
      ],
    });
    const before = cloud.service(SERVICE).template;
    await deploy(cloud);
    const { containers = [], labels: _, ...rest } = cloud.service(SERVICE).template;
    const { containers: containersBefore = [], labels: __, ...restBefore } = before;
    assert.deepEqual(rest, restBefore);
    assert.deepEqual(containers, [{ ...containersBefore[0], image: NEW }]);
  });

  test('tags the new revision in the same write when told to, and takes the tag from whoever had it', async () => {
    const traffic = [{ revision: 1, percent: 100, tag: 'candidate' }];
    await using cloud = await cloudWith({ services: [{ name: SERVICE, image: `${IMAGES}:a`, traffic }] });
    const deploying = deployNoTraffic(() => apiOf(cloud), LOCATION, NEW, { tag: 'candidate' });
    assert.match(deploying.announcement ?? '', / --no-traffic --tag candidate$/);
    const { revision } = await deploying.perform();
    assert.match(revision, /^control-\d{5}-[a-z]{3}$/);
    const [first = '', second] = revisionNames(cloud);
    assert.equal(second, revision);
    assert.deepEqual(serving(cloud), [`${first}=100`, `${revision}=0(candidate)`]);
    const writes = cloud.requests.filter(({ method }) => method === 'PATCH');
    assert.equal(writes.length, 1);
    // The name that the template carries now must not get in the way of the next deployment.
    await deploy(cloud, `${IMAGES}:three`);
    assert.equal(revisionNames(cloud).length, 3);
  });

  test('leaves a split and its tags as they are', async () => {
    const traffic = [
      { revision: 1, percent: 90, tag: 'stable' },
      { revision: 2, percent: 10 },
    ];
    await using cloud = await cloudWith({
      services: [{ name: SERVICE, image: `${IMAGES}:a`, laterImages: [`${IMAGES}:b`], traffic }],
    });
    const before = serving(cloud);
    await deploy(cloud);
    assert.deepEqual(serving(cloud), before);
  });

  test('does not move the public to a split that the platform did not carry out', async () => {
    await using cloud = await pinnedCloud();
    const [a = '', b = ''] = revisionNames(cloud);
    cloud.on({ match: WRITE, fault: { kind: 'operation', fate: 'fails' } });
    const half = [a, b].map((revision) => ({ revision, percent: 50 }));
    await assert.rejects(
      setTraffic(() => apiOf(cloud), LOCATION, half).perform(),
      /did not shift the traffic/,
    );
    assert.deepEqual(serving(cloud), [`${a}=100`]);
    const { traffic, stable } = await deploy(cloud);
    assert.deepEqual(serving(cloud), [`${a}=100`]);
    assert.deepEqual(traffic, [{ revision: a, percent: 100 }]);
    assert.equal(stable, a);
  });

  test('during a window that follows LATEST stores where closing the window leads', async () => {
    await using cloud = await cloudWith({ secrets: { bypass: 'sesame-0123456789abcdef' } });
    const [first = ''] = revisionNames(cloud);
    const values = {
      ...{ cookieName: 'bypass', cookieTtlSeconds: 900 },
      ...{ allowedPaths: '/healthz', secretName: 'bypass' },
    };
    const options = { moveTraffic: false, rotated: false };
    await enableMaintenance(() => apiOf(cloud), LOCATION, values, options).perform();
    const deployment = await deploy(cloud);
    assert.deepEqual(deployment.window?.backTo, [{ revision: first, percent: 100 }]);
    assert.equal(deployment.stable, first);
    await disableMaintenance(() => apiOf(cloud), LOCATION, options).perform();
    assert.deepEqual(serving(cloud), [`${first}=100`]);
  });

  test('done again with the same image makes another revision, as gcloud does', async () => {
    await using cloud = await cloudWith();
    await deploy(cloud);
    await deploy(cloud);
    assert.equal(revisionNames(cloud).length, 3);
  });

  test('works on a service whose last revision was named by somebody', async () => {
    await using cloud = await cloudWith();
    const api = await apiOf(cloud);
    const { template, traffic, etag } = await api.read();
    await api.write({ template: { ...template, revision: 'control-named', timeout: '60s' }, traffic }, etag);
    await deploy(cloud);
    assert.deepEqual(revisionNames(cloud).slice(1, 2), ['control-named']);
    assert.equal(revisionNames(cloud).length, 3);
  });
});

describe('an image whose revision does not come up', { concurrency: true }, () => {
  for (const [behaviour, reason] of [
    ['never-ready', 'HEALTH_CHECK_CONTAINER_ERROR'],
    ['missing', 'CONTAINER_MISSING'],
  ] as const) {
    test(`${behaviour}: fails with the platform's reason and message; traffic is untouched and it says so`, async () => {
      await using cloud = await cloudWith({ images: { [NEW]: behaviour } });
      const [first] = revisionNames(cloud);
      await assert.rejects(deploy(cloud), (error) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.exitCode, 1);
        assert.match(
          error.message,
          new RegExp(`^revision control-00002-.* did not become ready: ${reason}: Revision 'control-00002`),
        );
        assert.match(
          error.hint ?? '',
          new RegExp(`Traffic is untouched \\(${first}=100\\), so no rollback is needed`),
        );
        return true;
      });
      assert.deepEqual(serving(cloud), [`${first}=100`]);
    });
  }

  test('does not keep the next, good one from being deployed', async () => {
    await using cloud = await cloudWith({ images: { [`${IMAGES}:bad`]: 'never-ready' } });
    const [first] = revisionNames(cloud);
    await assert.rejects(deploy(cloud, `${IMAGES}:bad`));
    await deploy(cloud);
    assert.deepEqual(serving(cloud), [`${first}=100`]);
  });
});

describe('when somebody else changes the service at the same time', { concurrency: true }, () => {
  for (const etags of ['strict', 'lax'] as const) {
    test(`a change just before the write is planned around (${etags} etags)`, async () => {
      await using cloud = await cloudWith({
        etags,
        services: [{ name: SERVICE, image: `${IMAGES}:a`, laterImages: [`${IMAGES}:b`] }],
      });
      const [a = '', b = ''] = revisionNames(cloud);
      cloud.on({
        match: { method: 'GET', path: /services\/control$/ },
        fault: {
          kind: 'first',
          act: () =>
            cloud.changeTraffic(
              SERVICE,
              [
                { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: a, percent: 60 },
                { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION', revision: b, percent: 40 },
              ],
              'bob@example.com',
            ),
        },
      });
      await deploy(cloud);
      assert.deepEqual(serving(cloud), [`${a}=60`, `${b}=40`]);
    });
  }

  const pin = (revision: string) => [
    { type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const, revision, percent: 100 },
  ];

  test('strict etags: a change in the very moment of the write is refused by the platform, and planned around', async () => {
    await using cloud = await cloudWith({
      services: [{ name: SERVICE, image: `${IMAGES}:a`, laterImages: [`${IMAGES}:b`] }],
    });
    const [a = ''] = revisionNames(cloud);
    cloud.on({
      match: { method: 'PATCH', path: /services\/control$/ },
      fault: { kind: 'first', act: () => cloud.changeTraffic(SERVICE, pin(a), 'bob@example.com') },
    });
    await deploy(cloud);
    assert.deepEqual(serving(cloud), [`${a}=100`]);
    assert.equal(revisionNames(cloud).length, 3);
  });

  test('lax etags: a change in the very moment of the write cannot be prevented, but is not passed over', async () => {
    await using cloud = await cloudWith({
      etags: 'lax',
      services: [{ name: SERVICE, image: `${IMAGES}:a`, laterImages: [`${IMAGES}:b`] }],
    });
    const [a = ''] = revisionNames(cloud);
    cloud.on({
      match: { method: 'PATCH', path: /services\/control$/ },
      fault: { kind: 'first', act: () => cloud.changeTraffic(SERVICE, pin(a), 'bob@example.com') },
    });
    await assert.rejects(deploy(cloud), /somebody else changed service control at the same moment/);
    assert.equal(cloud.requests.filter(({ method }) => method === 'PATCH').length, 1);
    assert.equal(cloud.revisions(SERVICE)[0]?.containers?.[0]?.image, NEW, 'it was made all the same');
  });
});

describe('an answer that is lost', { concurrency: true }, () => {
  test('after the write was taken: the write is found again, and there is one new revision', async () => {
    await using cloud = await cloudWith();
    cloud.on({ match: { method: 'PATCH', path: /./ }, fault: { kind: 'reset', when: 'after' } });
    await deploy(cloud);
    assert.equal(revisionNames(cloud).length, 2);
  });

  test('before the write was taken: it is sent again, and there is one new revision', async () => {
    await using cloud = await cloudWith();
    cloud.on({ match: { method: 'PATCH', path: /./ }, fault: { kind: 'reset', when: 'before' } });
    await deploy(cloud);
    assert.equal(revisionNames(cloud).length, 2);
  });

  for (const fault of [{ kind: 'cut-body' }, { kind: 'not-json' }] as const) {
    test(`${fault.kind}: the write is found again`, async () => {
      await using cloud = await cloudWith();
      cloud.on({ match: { method: 'PATCH', path: /./ }, fault });
      await deploy(cloud);
      assert.equal(revisionNames(cloud).length, 2);
    });
  }
});
