import { describe } from 'node:test';
import { countTurnsFor } from './misbehaving/own-time.ts';
import { testEach } from './misbehaving/run.ts';

// The timing test checks how long these take. Here other tests share the machine, so only the servers that run into the
// limit get one, which leaves turns enough to connect.
const REACHED_MS = 5000;
countTurnsFor(REACHED_MS);

describe('whatever a server does, the smoke ends and says the right thing', { concurrency: 24 }, async () => {
  await testEach({ reachedMs: REACHED_MS, otherwiseMs: 300_000 }, () => {});
});
