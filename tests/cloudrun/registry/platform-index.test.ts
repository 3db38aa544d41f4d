import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { requireImageAsLookedUp } from '@deploy/cloudrun';
import { cloudWith } from '../../support/cloud.ts';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

test('a digest that the index behind the tag names for a platform is the image that was looked up; another is not', async () => {
  const registry = createServer((request, response) => {
    const isIndex = request.url === `/v2/openagents/control/manifests/${digest('a')}`;
    response.writeHead(isIndex ? 200 : 404, { 'content-type': 'application/vnd.oci.image.index.v1+json' });
    response.end(
      isIndex ? JSON.stringify({ manifests: [{ digest: digest('b') }, { digest: digest('c') }] }) : '{}',
    );
  });
  await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  try {
    const emulatorHost = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
    const image = 'us-central1-docker.pkg.dev/openagents/control:two';
    const check = (runs: string | undefined, lookedUp: string | undefined) =>
      requireImageAsLookedUp(
        { emulatorHost, identity: { kind: 'none' }, env: {} },
        { image, revision: 'control-00002-abc', digest: runs },
        lookedUp,
      );
    await check(digest('a'), digest('a'));
    await check(digest('b'), digest('a'));
    await check(digest('d'), undefined);
    await check(undefined, digest('a'));
    await assert.rejects(check(digest('d'), digest('a')), (error) => {
      assert.ok(error instanceof Error && 'hint' in error);
      assert.match(error.message, /control-00002-abc runs sha256:d+, but preflight found sha256:a+ behind/);
      assert.match(String(error.hint), /IMAGE=us-central1-docker\.pkg\.dev\/openagents\/control@sha256:a+$/);
      return true;
    });
    await assert.rejects(check(digest('b'), digest('e')));
  } finally {
    registry.close();
  }
});

test('a registry that does not answer any more is no reason to say that somebody moved the tag', async () => {
  const image = 'us-central1-docker.pkg.dev/openagentsgemini/apps/control:two';
  await using cloud = await cloudWith();
  cloud.on({
    match: { path: /^\/v2\// },
    fault: { kind: 'error', httpStatus: 503, status: 'UNAVAILABLE', message: 'later' },
    times: 100,
  });
  const connection = { emulatorHost: cloud.host, identity: { kind: 'none' }, env: {} } as const;
  const runs = { image, revision: 'control-00002-abc', digest: digest('b') };
  await assert.rejects(requireImageAsLookedUp(connection, runs, digest('a')), (error) => {
    assert.ok(error instanceof Error && 'hint' in error);
    assert.match(error.message, /could not be looked up \(us-central1-docker\.pkg\.dev answers 503\)$/);
    assert.doesNotMatch(error.message, /moved the tag/);
    assert.match(String(error.hint), /IMAGE=\S+@sha256:a+$/);
    return true;
  });
});
