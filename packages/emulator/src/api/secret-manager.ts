import { crc32c } from '@aws-crypto/crc32c';
import type { PolicyBinding } from '../options.ts';
import { decode, encode, type Json } from '../protocol/descriptors.ts';
import { invalidArgument, notFound } from '../protocol/errors.ts';
import type { SecretStore, SecretVersion, StoredSecret } from '../secrets/store.ts';
import type { Guard } from './access.ts';
import { type Call, param, type Routes, wantsNumericEnums } from './call.ts';
import { askedPage, pageOf } from './pages.ts';

const SECRET = 'google.cloud.secretmanager.v1.Secret';
const VERSION = 'google.cloud.secretmanager.v1.SecretVersion';
const ACCESS_RESPONSE = 'google.cloud.secretmanager.v1.AccessSecretVersionResponse';
const ADD_REQUEST = 'google.cloud.secretmanager.v1.AddSecretVersionRequest';

// The largest page size, which is also the default. Source: ListSecretVersionsRequest in
// google/cloud/secretmanager/v1/service.proto.
const MOST_VERSIONS = 25_000;

/** Secret Manager, mapped to HTTP as in google/cloud/secretmanager/v1/service.proto. */
export function secretManagerRoutes(
  store: SecretStore,
  guard: Guard,
  policies: Readonly<Record<string, readonly PolicyBinding[]>>,
): Routes {
  const authorize = (call: Call, permission: string): string => {
    const project = param(call, 'project');
    guard.require(permission, project, `projects/${project}/secrets/${call.params.secret ?? ''}`);
    return project;
  };
  const showSecret = (call: Call, project: string, { name, createTime }: StoredSecret): Json =>
    encode(
      SECRET,
      { name: `projects/${project}/secrets/${name}`, createTime, replication: { automatic: {} } },
      wantsNumericEnums(call),
    );
  const showVersion = (
    call: Call,
    project: string,
    secret: string,
    { number, state, createTime, hasClientChecksum }: SecretVersion,
  ): Json =>
    encode(
      VERSION,
      {
        name: `projects/${project}/secrets/${secret}/versions/${number}`,
        state,
        createTime,
        // Without this, gcloud thinks that the version was damaged in transit.
        ...(hasClientChecksum && { clientSpecifiedPayloadChecksum: true }),
      },
      wantsNumericEnums(call),
    );

  return [
    {
      method: 'GET',
      path: '/v1/projects/:project/secrets/:secret',
      handle(call) {
        const project = authorize(call, 'secretmanager.secrets.get');
        return showSecret(call, project, store.get(param(call, 'secret')));
      },
    },
    {
      method: 'GET',
      path: '/v1/projects/:project/secrets/:secret(^[^:]+)::getIamPolicy',
      handle(call) {
        authorize(call, 'secretmanager.secrets.getIamPolicy');
        const { name } = store.get(param(call, 'secret'));
        return { version: 1, etag: 'none', bindings: policies[name] ?? [] };
      },
    },
    {
      method: 'POST',
      path: '/v1/projects/:project/secrets',
      handle(call) {
        const project = authorize(call, 'secretmanager.secrets.create');
        const secret = decode<Json>(SECRET, call.body);
        if (secret.replication === undefined)
          throw invalidArgument('The replication of a secret is required.');
        return showSecret(call, project, store.create(call.query.get('secretId') ?? ''));
      },
    },
    {
      method: 'GET',
      path: '/v1/projects/:project/secrets/:secret/versions/:version',
      handle(call) {
        const project = authorize(call, 'secretmanager.versions.get');
        const secret = param(call, 'secret');
        return showVersion(call, project, secret, store.version(secret, param(call, 'version')));
      },
    },
    {
      method: 'GET',
      path: '/v1/projects/:project/secrets/:secret/versions/:version(^[^:]+)::access',
      handle(call) {
        const project = authorize(call, 'secretmanager.versions.access');
        const secret = param(call, 'secret');
        const data = Buffer.from(store.access(secret, param(call, 'version')));
        const { number } = store.version(secret, param(call, 'version'));
        return encode(
          ACCESS_RESPONSE,
          {
            name: `projects/${project}/secrets/${secret}/versions/${number}`,
            payload: { data: data.toString('base64'), dataCrc32c: String(crc32c(data)) },
          },
          wantsNumericEnums(call),
        );
      },
    },
    {
      method: 'GET',
      path: '/v1/projects/:project/secrets/:secret/versions',
      handle(call) {
        const project = authorize(call, 'secretmanager.versions.list');
        if (call.query.get('filter'))
          throw invalidArgument('The emulator does not support filters of versions.');
        const secret = param(call, 'secret');
        const newestFirst = store.get(secret).versions.toReversed();
        const { items, nextPageToken } = pageOf(newestFirst, askedPage(call), MOST_VERSIONS);
        return {
          versions: items.map((version) => showVersion(call, project, secret, version)),
          totalSize: newestFirst.length,
          ...(nextPageToken !== undefined && { nextPageToken }),
        };
      },
    },
    {
      method: 'POST',
      path: '/v1/projects/:project/secrets/:secretAndVerb',
      handle(call) {
        const project = authorize(call, 'secretmanager.versions.add');
        const [secret = '', verb] = param(call, 'secretAndVerb').split(':');
        if (verb !== 'addVersion') throw notFound(`${secret}:${verb}`);
        const { payload } = decode<AddRequest>(ADD_REQUEST, call.body);
        const data = Buffer.from(payload?.data ?? '', 'base64');
        requireIntact(data, payload?.dataCrc32c);
        const hasChecksum = payload?.dataCrc32c !== undefined;
        return showVersion(
          call,
          project,
          secret,
          store.addVersion(secret, data.toString('utf8'), hasChecksum),
        );
      },
    },
  ];
}

type AddRequest = { payload?: { data?: string; dataCrc32c?: string } };

// https://cloud.google.com/secret-manager/docs/reference/rest/v1/SecretPayload: at most 64 KiB; a checksum that
// does not match is refused.
const LARGEST_BYTES = 65_536;

function requireIntact(data: Buffer, checksum: string | undefined): void {
  if (data.length === 0) throw invalidArgument('Secret Payload cannot be empty.');
  if (data.length > LARGEST_BYTES)
    throw invalidArgument('The field [payload.data] exceeds the maximum allowed size of 64KiB.');
  if (checksum !== undefined && Number(checksum) !== crc32c(data)) {
    throw invalidArgument('The payload checksum does not match the checksum of the data.');
  }
}
