import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byDigest, digestOf, parseImageReference } from '@deploy/cloudrun/registry';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('an image reference', () => {
  for (const [image, parts] of [
    [
      'us-central1-docker.pkg.dev/p/r/control:one',
      ['us-central1-docker.pkg.dev', 'p/r/control', 'one', undefined],
    ],
    ['localhost:5000/control', ['localhost:5000', 'control', undefined, undefined]],
    ['localhost/control:one', ['localhost', 'control', 'one', undefined]],
    [`gcr.io/p/control:one@${DIGEST}`, ['gcr.io', 'p/control', 'one', DIGEST]],
    [`openagents/control@${DIGEST}`, [undefined, 'openagents/control', undefined, DIGEST]],
    ['control:one', [undefined, 'control', 'one', undefined]],
  ] as const) {
    test(image, () => {
      const [host, repository, tag, digest] = parts;
      assert.deepEqual(parseImageReference(image), { host, repository, tag, digest });
      assert.equal(digestOf(image), digest);
      assert.equal(byDigest(image, DIGEST), `${host === undefined ? '' : `${host}/`}${repository}@${DIGEST}`);
    });
  }

  test('a digest that is not a whole SHA-256 is none', () => {
    assert.equal(digestOf('gcr.io/p/control@sha256:abc'), undefined);
  });
});
