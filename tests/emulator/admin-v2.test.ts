import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { request } from 'undici';
import { cloudWith, IMAGES, PROJECT, revisionNames, SERVICE, serving } from '../support/cloud.ts';

type Cloud = Awaited<ReturnType<typeof cloudWith>>;
const SERVICES = `/v2/projects/${PROJECT}/locations/us-central1/services`;

async function call(cloud: Cloud, method: 'DELETE' | 'GET' | 'PATCH' | 'POST', path: string, body?: unknown) {
  const { statusCode, body: answer } = await request(`${cloud.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json = (await answer.json()) as {
    error?: { status: string; message: string };
    [key: string]: unknown;
  };
  return { statusCode, json };
}

const patch = (cloud: Cloud, mask: string, body: unknown) =>
  call(cloud, 'PATCH', `${SERVICES}/${SERVICE}?updateMask=${mask}`, body);
const toRevision = (revision: string, percent: number, tag?: string) => ({
  type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION',
  revision,
  percent,
  ...(tag && { tag }),
});

describe('what the real platform refuses is refused', () => {
  const cases: [string, string, unknown, number, string, RegExp][] = [
    ['an unknown field', 'traffic', { trafic: [] }, 400, 'INVALID_ARGUMENT', /Unknown name "trafic"/],
    [
      'an unknown field deep inside',
      'template',
      { template: { containers: [{ imag: 'x' }] } },
      400,
      'INVALID_ARGUMENT',
      /"imag" at 'template\.containers'/,
    ],
    [
      'a wrong enum',
      'traffic',
      { traffic: [{ type: 'LATEST', percent: 100 }] },
      400,
      'INVALID_ARGUMENT',
      /"LATEST"/,
    ],
    ['a wrong type', 'traffic', { traffic: 'all' }, 400, 'INVALID_ARGUMENT', /traffic/],
    [
      'shares that do not add up',
      'traffic',
      { traffic: [toRevision('control-1', 99)] },
      400,
      'INVALID_ARGUMENT',
      /add up to 99/,
    ],
    [
      'a tag used twice',
      'traffic',
      { traffic: [toRevision('control-1', 100, 'a'), toRevision('control-2', 0, 'a')] },
      400,
      'INVALID_ARGUMENT',
      /tag 'a' is used twice/,
    ],
    ['a mask without such a field', 'nothing', {}, 400, 'INVALID_ARGUMENT', /there is no field 'nothing'/],
    [
      'a template without an image',
      'template',
      { template: {} },
      400,
      'INVALID_ARGUMENT',
      /image is required/,
    ],
    [
      'a revision name of another service',
      'template',
      { template: { revision: 'other-1', containers: [{ image: 'i' }] } },
      400,
      'INVALID_ARGUMENT',
      /must be prefixed/,
    ],
    [
      'a reserved label',
      'template',
      { template: { labels: { 'run.googleapis.com/x': 'y' }, containers: [{ image: 'i' }] } },
      400,
      'INVALID_ARGUMENT',
      /reserved namespace/,
    ],
    [
      'a stale etag',
      'traffic',
      { etag: '"stale"', traffic: [] },
      409,
      'ABORTED',
      /Conflict for resource 'control'/,
    ],
  ];
  for (const [name, mask, body, status, code, message] of cases) {
    test(name, async () => {
      await using cloud = await cloudWith();
      const before = cloud.service(SERVICE);
      const { statusCode, json } = await patch(cloud, mask, body);
      assert.equal(statusCode, status);
      assert.equal(json.error?.status, code);
      assert.match(json.error?.message ?? '', message);
      assert.deepEqual(cloud.service(SERVICE), before);
    });
  }

  test('the name of a revision that was made from another configuration', async () => {
    await using cloud = await cloudWith();
    const named = (image: string) => ({ template: { revision: 'control-mine', containers: [{ image }] } });
    assert.equal((await patch(cloud, 'template', named('i:1'))).statusCode, 200);
    const { statusCode, json } = await patch(cloud, 'template', named('i:2'));
    assert.equal(statusCode, 409);
    assert.match(
      json.error?.message ?? '',
      /Revision named 'control-mine' with different configuration already exists/,
    );
    await cloud.settled();
  });

  test('another project, another region, a service that is not there', async () => {
    await using cloud = await cloudWith();
    assert.equal(
      (await call(cloud, 'GET', `/v2/projects/other/locations/us-central1/services/${SERVICE}`)).statusCode,
      403,
    );
    assert.equal(
      (await call(cloud, 'GET', `/v2/projects/${PROJECT}/locations/mars1/services/${SERVICE}`)).statusCode,
      404,
    );
    assert.equal((await call(cloud, 'GET', `${SERVICES}/nix`)).statusCode, 404);
  });

  test('a stale etag is taken by a platform that does not enforce it', async () => {
    await using cloud = await cloudWith({ etags: 'lax' });
    const [first = ''] = revisionNames(cloud);
    const { statusCode } = await patch(cloud, 'traffic', {
      etag: '"stale"',
      traffic: [toRevision(first, 100)],
    });
    assert.equal(statusCode, 200);
    await cloud.settled();
  });
});

describe('changes behave as on the platform', () => {
  test('while a change is under way the service is reconciling and shows what was observed before', async () => {
    await using cloud = await cloudWith();
    const [first = ''] = revisionNames(cloud);
    const { json } = await patch(cloud, 'template', {
      template: { containers: [{ image: `${IMAGES}:two` }] },
    });
    assert.equal(json.done, false);
    const during = cloud.service(SERVICE);
    assert.deepEqual([during.reconciling, during.generation, during.observedGeneration], [true, '2', '1']);
    assert.match(during.latestReadyRevision ?? '', new RegExp(`${first}$`));
    await cloud.settled();
    const operation = await call(cloud, 'GET', `/v2/${json.name}`);
    assert.equal(operation.json.done, true);
    assert.equal(cloud.service(SERVICE).observedGeneration, '2');
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[1]}=100`], 'LATEST follows');
  });

  test('writing the same again changes nothing: no generation, no revision', async () => {
    await using cloud = await cloudWith();
    const { template } = cloud.service(SERVICE);
    await patch(cloud, 'template', { template });
    assert.equal(cloud.service(SERVICE).generation, '1');
    assert.equal(revisionNames(cloud).length, 1);
  });

  test('a deleted service is gone, but not what was done to it; under its name another one can be made', async () => {
    await using cloud = await cloudWith({ reconcileMs: 60_000 });
    const path = `${SERVICES}/${SERVICE}`;
    const { json: changed } = await patch(cloud, 'labels', { labels: { a: 'b' } });
    const { uid, template } = cloud.service(SERVICE);
    const stale = await call(cloud, 'DELETE', `${path}?etag=stale`);
    assert.deepEqual([stale.statusCode, stale.json.error?.status], [409, 'ABORTED']);
    await call(cloud, 'DELETE', `${path}?validateOnly=true`);
    assert.equal((await call(cloud, 'GET', path)).statusCode, 200);
    const deleted = await call(cloud, 'DELETE', path);
    assert.deepEqual([deleted.statusCode, deleted.json.done], [200, true]);
    assert.equal((await call(cloud, 'GET', path)).statusCode, 404);
    assert.equal((await call(cloud, 'DELETE', path)).statusCode, 404);
    const { json } = await call(cloud, 'GET', `/v2/${changed.name}`);
    assert.equal((json.metadata as { uid: string }).uid, uid);
    const { revision: _, ...made } = template;
    await call(cloud, 'POST', `${SERVICES}?serviceId=${SERVICE}`, { template: made });
    const another = cloud.service(SERVICE);
    assert.notEqual(another.uid, uid);
    assert.equal(another.generation, '1');
  });

  test('traffic for a revision that is not ready is taken, but does not settle, and who served goes on', async () => {
    await using cloud = await cloudWith();
    const before = serving(cloud);
    await patch(cloud, 'traffic', { traffic: [toRevision('control-nope', 100)] });
    await cloud.settled();
    const { terminalCondition, traffic } = cloud.service(SERVICE);
    assert.equal(terminalCondition.state, 'CONDITION_FAILED');
    assert.match(terminalCondition.message ?? '', /'control-nope' was not found/);
    assert.equal(traffic[0]?.revision, 'control-nope', 'what is desired stays');
    assert.deepEqual(serving(cloud), before);
  });

  test('enums are numbers for clients that ask for them', async () => {
    await using cloud = await cloudWith();
    const { json } = await call(cloud, 'GET', `${SERVICES}/${SERVICE}?$alt=json%3Benum-encoding=int`);
    assert.equal((json.terminalCondition as { state: unknown }).state, 4);
  });
});

describe('the service URL', () => {
  test('divides 100 requests exactly as the split says, and a tag reaches its own revision', async () => {
    await using cloud = await cloudWith({
      services: [
        {
          name: SERVICE,
          image: `${IMAGES}:a`,
          laterImages: [`${IMAGES}:b`],
          traffic: [
            { revision: 1, percent: 93 },
            { revision: 2, percent: 7 },
            { revision: 2, percent: 0, tag: 'canary' },
          ],
        },
      ],
    });
    const buildAt = async (url: string): Promise<string> => {
      const { body } = await request(`${url}/manifest.json`);
      return ((await body.json()) as { buildId: string }).buildId;
    };
    const { uri, trafficStatuses } = cloud.service(SERVICE);
    const canary = await buildAt(trafficStatuses.find(({ tag }) => tag === 'canary')?.uri ?? '');
    let reached = 0;
    for (let i = 0; i < 100; i += 1) if ((await buildAt(uri)) === canary) reached += 1;
    assert.equal(reached, 7);
  });

  test('answers nothing of the service while no revision serves', async () => {
    const image = `${IMAGES}:bad`;
    await using cloud = await cloudWith({
      images: { [image]: 'never-ready' },
      services: [{ name: SERVICE, image }],
    });
    const { statusCode, body } = await request(cloud.service(SERVICE).uri);
    await body.dump();
    assert.equal(statusCode, 404);
  });
});
