import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudWith, SERVICE } from '../support/cloud.ts';

const PATH = `/v2/projects/openagentsgemini/locations/us-central1/services/${SERVICE}`;

test('a held request is answered when it is let go', async () => {
  await using cloud = await cloudWith();
  const held = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  cloud.on({
    match: { path: /services/ },
    fault: {
      kind: 'hold',
      until() {
        held.resolve();
        return letGo.promise;
      },
    },
  });
  const asking = fetch(`${cloud.url}${PATH}`);
  await held.promise;
  assert.deepEqual(cloud.requests, []);
  letGo.resolve();
  assert.equal((await asking).status, 200);
});

test('a held request whose client has gone is not carried out', async () => {
  await using cloud = await cloudWith();
  const giveUp = new AbortController();
  const hasLeft = Promise.withResolvers<void>();
  cloud.on({
    match: { path: /services/ },
    fault: {
      kind: 'hold',
      async until(left) {
        const gone = new Promise((resolve) => left.addEventListener('abort', resolve));
        giveUp.abort();
        await gone;
        setImmediate(hasLeft.resolve);
      },
    },
  });
  await assert.rejects(fetch(`${cloud.url}${PATH}`, { method: 'DELETE', signal: giveUp.signal }));
  await hasLeft.promise;
  assert.equal(cloud.service(SERVICE).name.endsWith(SERVICE), true);
  assert.deepEqual(
    cloud.requests.map(({ status }) => status),
    [0],
  );
});
