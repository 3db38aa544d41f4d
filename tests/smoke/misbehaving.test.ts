import { describe } from 'node:test';
import { testEach } from './misbehaving/run.ts';

// The timing test checks how long these take. Here other tests share the machine, so only the servers that run into the
// limit get one, and it leaves time to connect.
describe('whatever a server does, the smoke ends and says the right thing', { concurrency: 24 }, async () => {
  await testEach({ reachedMs: 8000, otherwiseMs: 300_000 }, () => {});
});
