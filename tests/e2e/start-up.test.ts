import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runPreloaded } from '../support/preloaded.ts';

// What costs a start-up its time; each is loaded where it is used, and a dry run uses none of them.
const HEAVY =
  /\/node_modules\/(@google-cloud|google-auth-library|google-gax|undici|p-retry|ora|yaml|cli-table3|zx)\/|^node:(https?|tls)$/;
const DRY = { DRY_RUN: '1', PROJECT: 'openagentsgemini' };

describe('a start-up loads only what it needs', () => {
  const calls: [string, ...string[]][] = [
    ['canary-rollout', 'set-traffic', 'control-00001-abc', 'control-00002-def', '5'],
    ['canary-rollout', 'rollback', 'control-00001-abc'],
    ['canary-rollout', 'status'],
    ['maintenance-mode', 'enable'],
    ['deploy-staging', '--help'],
    ['deploy-production', '--help'],
    ['smoke-control', '--help'],
    ['validate-rust-cutover', '--help'],
    ['preflight', '--help'],
    ['gates', '--help'],
  ];
  for (const call of calls) {
    test(call.join(' '), async () => {
      const loaded = (await runPreloaded('tell-loaded', call, DRY)).split('\n');
      assert.ok(
        loaded.some((file) => file.endsWith('/packages/cli/src/index.ts')),
        'the preload saw nothing',
      );
      assert.deepEqual(
        loaded.filter((file) => HEAVY.test(file)),
        [],
      );
    });
  }

  test('smoke-control loads nothing of Cloud Run', async () => {
    const loaded = (await runPreloaded('tell-loaded', ['smoke-control', '--help'], {})).split('\n');
    assert.ok(loaded.some((file) => file.includes('/packages/smoke/')));
    assert.deepEqual(
      loaded.filter((file) => file.includes('/packages/cloudrun/')),
      [],
    );
  });
});
