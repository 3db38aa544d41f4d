import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '@deploy/cli';
import { type ImageLookup, lookUpImage } from '../../../packages/cloudrun/src/registry/look-up.ts';
import { startDockerRegistry } from '../../support/docker-registry.ts';
import { without } from '../../support/needs.ts';
import { localCertificate } from '../../support/tls.ts';
import { ISSUER, SERVICE, startTokenServer } from '../../support/token-server.ts';

const REPOSITORY = 'openagents/control';
const skip = await without('a docker-registry');
const nobody = { emulatorHost: undefined, identity: { kind: 'none' }, env: {} } as const;
const google = {
  emulatorHost: undefined,
  identity: { kind: 'access-token', token: new Secret('google-access-token-0123456789') },
  env: {},
} as const;

function found(lookup: ImageLookup): string {
  assert.equal(lookup.state, 'found', JSON.stringify(lookup));
  return lookup.state === 'found' ? lookup.digest : '';
}

describe('a real Docker registry', { skip }, () => {
  test('a tag is resolved to its digest, and a digest is there', async () => {
    await using registry = await startDockerRegistry();
    const digest = await registry.push(REPOSITORY, 'v1', '2026-01-01T00:00:00Z');
    assert.equal(found(await lookUpImage(nobody, `${registry.host}/${REPOSITORY}:v1`)), digest);
    assert.equal(found(await lookUpImage(nobody, `${registry.host}/${REPOSITORY}@${digest}`)), digest);
    assert.equal(found(await lookUpImage(nobody, `${registry.host}/${REPOSITORY}:v1@${digest}`)), digest);
  });

  test('of a tag that is not there, the five newest that are, by when they were built', async () => {
    await using registry = await startDockerRegistry();
    // Neither the order in which they were pushed nor that of their names.
    for (const [tag, day] of [
      ['f', 3],
      ['a', 6],
      ['c', 1],
      ['b', 4],
      ['e', 2],
      ['d', 5],
    ] as const) {
      await registry.push(REPOSITORY, tag, `2026-01-0${day}T00:00:00Z`);
    }
    const lookup = await lookUpImage(nobody, `${registry.host}/${REPOSITORY}:nope`);
    assert.deepEqual(lookup, { state: 'missing', newestTags: ['a', 'd', 'b', 'f', 'e'] });
  });

  test('a repository that is not there has no tags', async () => {
    await using registry = await startDockerRegistry();
    const lookup = await lookUpImage(nobody, `${registry.host}/nobody/knows:v1`);
    assert.deepEqual(lookup, { state: 'missing', newestTags: [] });
  });

  test('one that asks for a token gets it where it says, and never the Google login', async () => {
    await using certificate = await localCertificate();
    await using tokens = await startTokenServer(certificate);
    const login = { realm: tokens.realm, service: SERVICE, issuer: ISSUER, certFile: certificate.certFile };
    await using registry = await startDockerRegistry(login);
    const allowed = tokens.token(REPOSITORY, ['pull', 'push']);
    const digest = await registry.push(REPOSITORY, 'v1', '2026-01-01T00:00:00Z', allowed);
    assert.equal(found(await lookUpImage(google, `${registry.host}/${REPOSITORY}:v1`)), digest);
    assert.deepEqual(tokens.asked, [{ authorization: undefined, scope: `repository:${REPOSITORY}:pull` }]);
    const missing = await lookUpImage(google, `${registry.host}/${REPOSITORY}:nope`);
    assert.deepEqual(missing, { state: 'missing', newestTags: ['v1'] });
  });

  test('one that does not answer is told apart from one without the image', async () => {
    const registry = await startDockerRegistry();
    const { host } = registry;
    await registry[Symbol.asyncDispose]();
    const lookup = await lookUpImage(nobody, `${host}/${REPOSITORY}:v1`);
    assert.equal(lookup.state, 'unknown');
    assert.match(lookup.state === 'unknown' ? lookup.why : '', /ECONNREFUSED/);
  });
});
