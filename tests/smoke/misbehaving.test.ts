import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { testEach } from './misbehaving/run.ts';

// How long these take is held by the timing test: here, other tests take their part of the machine.
describe('whatever a server does, the smoke ends and says the right thing', { concurrency: 8 }, async () => {
  await testEach(2000, (tookMs) => assert.ok(tookMs < 60_000, `took ${tookMs} ms`));
});
