import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { testEach } from './misbehaving/run.ts';

const LIMIT_MS = 1000;

describe('whatever a server does, the smoke ends within its limit plus a second', async () => {
  await testEach({ reachedMs: LIMIT_MS, otherwiseMs: LIMIT_MS }, (tookMs) =>
    assert.ok(tookMs < LIMIT_MS + 1000, `took ${tookMs} ms`),
  );
});
