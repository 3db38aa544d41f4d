import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudWith, SERVICE } from '../support/cloud.ts';

test('an idle connection is kept for minutes, so that a client which is held up for seconds may go on with it', async () => {
  await using cloud = await cloudWith();
  for (const url of [cloud.url, cloud.service(SERVICE).uri]) {
    const answer = await fetch(url);
    await answer.text();
    assert.equal(answer.headers.get('keep-alive'), 'timeout=610', url);
  }
});
