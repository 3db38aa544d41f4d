import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Emulator } from '@deploy/emulator';
import { cloudWith, IMAGES, revisionNames, SERVICE } from '../support/cloud.ts';
import { entriesOnce, REQUESTS } from '../support/observed.ts';

const LOGS = { logs: { delayMs: 0, readsPerMinute: 10_000 } };

/** A service whose revisions have affinity or not, by the split given. */
async function withSplit(affinity: readonly [boolean, boolean], percents: readonly [number, number]) {
  const cloud = await cloudWith({
    ...LOGS,
    services: [{ name: SERVICE, image: `${IMAGES}:one`, sessionAffinity: affinity[0] }],
  });
  await deploy(cloud, affinity[1]);
  split(cloud, percents);
  await cloud.settled();
  return cloud;
}

async function deploy(cloud: Emulator, sessionAffinity: boolean): Promise<void> {
  const answer = await fetch(`${cloud.url}/v2/${cloud.service(SERVICE).name}?updateMask=template`, {
    method: 'PATCH',
    body: JSON.stringify({ template: { containers: [{ image: `${IMAGES}:two` }], sessionAffinity } }),
  });
  assert.equal(answer.status, 200, await answer.text());
  await cloud.settled();
}

function split(cloud: Emulator, percents: readonly [number, number]): void {
  const traffic = revisionNames(cloud).map((revision, i) => ({
    type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const,
    revision,
    percent: percents[i] ?? 0,
  }));
  cloud.changeTraffic(SERVICE, traffic, 'somebody@example.com');
}

/** One request of each client; clients take over the cookies that they are given. */
async function round(cloud: Emulator, clients: Map<number, string>, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const answer = await fetch(`${cloud.service(SERVICE).uri}/?client=${i}`, {
      headers: { cookie: clients.get(i) ?? '' },
    });
    await answer.arrayBuffer();
    const [cookie] = answer.headers.getSetCookie();
    if (cookie !== undefined) clients.set(i, cookie.split(';')[0] ?? '');
  }
}

/** Which revision answered each of the last so many requests, by client. */
async function answered(cloud: Emulator, requests: number, last: number): Promise<Map<string, string>> {
  const all = await entriesOnce(cloud, REQUESTS, requests);
  return new Map(
    all
      .slice(-last)
      .map(({ httpRequest, resource }) => [
        String(httpRequest?.requestUrl).split('client=')[1] ?? '',
        resource.labels.revision_name ?? '',
      ]),
  );
}

test('a client stays with its revision, and a changed split moves as few as it must', async () => {
  await using cloud = await withSplit([true, true], [90, 10]);
  const [one, two] = revisionNames(cloud);
  const clients = new Map<number, string>();
  await round(cloud, clients, 50);
  assert.equal(clients.size, 50);
  const first = await answered(cloud, 50, 50);
  assert.equal([...first.values()].filter((name) => name === two).length, 5);
  await round(cloud, clients, 50);
  assert.deepEqual(await answered(cloud, 100, 50), first);

  split(cloud, [80, 20]);
  await cloud.settled();
  await round(cloud, clients, 50);
  const second = await answered(cloud, 150, 50);
  const moved = [...second].filter(([client, name]) => first.get(client) !== name);
  assert.ok(
    moved.every(([, name]) => name === two),
    'nobody moves away from the revision that gains',
  );
  assert.ok(moved.length < 20, `${moved.length} of 50 moved`);
  assert.equal(first.get('0'), one);
});

test('with affinity on one of two revisions only, traffic drifts to that one', async () => {
  await using cloud = await withSplit([false, true], [50, 50]);
  const [, two] = revisionNames(cloud);
  const clients = new Map<number, string>();
  for (let i = 0; i < 6; i += 1) await round(cloud, clients, 8);
  const last = await answered(cloud, 48, 8);
  assert.ok([...last.values()].filter((name) => name === two).length > 4);
});

test('without affinity there is no cookie, and a cookie that makes no sense is passed over', async () => {
  await using cloud = await cloudWith();
  const answer = await fetch(cloud.service(SERVICE).uri, { headers: { cookie: 'GAESA=nonsense; a=b' } });
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.headers.getSetCookie(), []);
});
