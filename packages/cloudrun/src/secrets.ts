import { type Action, countChange, gcloudCommand, type Secret, UserError } from '@deploy/cli';
import { gcloudCommands } from './gcloud/commands.ts';
import { ApiRefusal } from './google/api-refusal.ts';
import { CloudError } from './google/cloud-error.ts';
import type { Connection } from './google/connection.ts';
import { googleRest } from './google/rest.ts';
import type { ServiceLocation } from './service-location.ts';

/** One binding of an access policy: https://cloud.google.com/iam/docs/reference/rest/v1/Policy#Binding */
export type PolicyBinding = { role: string; members: readonly string[]; conditional: boolean };

/** The calls to Secret Manager that the scripts make. Each throws a CloudError when it fails. */
export type SecretApi = {
  exists(secret: string): Promise<boolean>;
  /**
   * ENABLED, DISABLED or DESTROYED; undefined when the version does not exist. The secret's name may be a full resource
   * name.
   */
  versionState(secret: string, version: string): Promise<string | undefined>;
  /** Who may do what with the secret. Permissions that come from its project or above are not included. */
  accessPolicy(secret: string): Promise<PolicyBinding[]>;
  /** Whether the version that `latest` refers to can be read; undefined when the secret has no version. */
  latestIsEnabled(secret: string): Promise<boolean | undefined>;
  create(secret: string): Promise<void>;
  addVersion(secret: string, value: Secret): Promise<void>;
};

const HOST = 'secretmanager.googleapis.com';
const TIMEOUT_MS = 15_000;

/** An access policy as the API sends it. */
export type ApiPolicy = { bindings?: { role?: string; members?: string[]; condition?: unknown }[] };

/** Opens Secret Manager in one project: https://cloud.google.com/secret-manager/docs/reference/rest */
export async function openSecretApi(connection: Connection, location: ServiceLocation): Promise<SecretApi> {
  const rest = googleRest(connection);
  const parent = `projects/${location.project}`;
  const about = (doing: string, secret: string) => ({ doing: `${doing} secret ${secret}`, location });
  const to = (name: string, query: Record<string, string> = {}) => ({
    host: HOST,
    path: `/v1/${name}`,
    query,
    timeoutMs: TIMEOUT_MS,
  });

  const secretName = (secret: string): string =>
    secret.includes('/') ? secret : `${parent}/secrets/${secret}`;

  async function versionState(secret: string, version: string): Promise<string | undefined> {
    const found = await unlessMissing(
      rest.repeatable<{ state?: string }>(
        about(`looking up version ${version} of`, secret),
        to(`${secretName(secret)}/versions/${version}`),
      ),
    );
    return found && (found.state ?? 'STATE_UNSPECIFIED');
  }

  return {
    async exists(secret) {
      const found = await unlessMissing(
        rest.repeatable(about('looking up', secret), to(`${parent}/secrets/${secret}`)),
      );
      return found !== undefined;
    },

    versionState,

    async accessPolicy(secret) {
      // Without this, the platform refuses to return a policy that has conditions.
      const query = { 'options.requestedPolicyVersion': '3' };
      return readBindings(
        await rest.repeatable<ApiPolicy>(
          about('reading the access policy of', secret),
          to(`${secretName(secret)}:getIamPolicy`, query),
        ),
      );
    },

    async latestIsEnabled(secret) {
      const state = await versionState(secret, 'latest');
      return state === undefined ? undefined : state === 'ENABLED';
    },

    async create(secret) {
      countChange();
      try {
        await rest.once(about('creating', secret), {
          ...to(`${parent}/secrets`, { secretId: secret }),
          method: 'POST',
          body: { replication: { automatic: {} } },
        });
      } catch (error) {
        // Someone else was faster, or an earlier answer was lost. In either case the secret now exists.
        if (!isAlreadyThere(error)) throw withPlace(error, secret, location);
      }
    },

    // If an answer was lost, this may add the same value twice, as two versions. That does no harm.
    async addVersion(secret, value) {
      const { crc32c } = await import('@aws-crypto/crc32c');
      const data = Buffer.from(value.reveal());
      countChange();
      await rest.repeatable(about('adding a version to', secret), {
        ...to(`${parent}/secrets/${secret}:addVersion`),
        method: 'POST',
        // The checksum lets the platform refuse a value that was damaged on the way. It is an int64, and the API's JSON
        // writes those as text.
        body: { payload: { data: data.toString('base64'), dataCrc32c: String(crc32c(data)) } },
      });
    },
  };
}

export function readBindings({ bindings = [] }: ApiPolicy): PolicyBinding[] {
  return bindings.map(({ role = '', members = [], condition }) => ({
    role,
    members,
    conditional: condition !== undefined,
  }));
}

/** Finds out whether the secret must be created first. */
export function isSecretMissing(openApi: () => Promise<SecretApi>, secret: string): Action<boolean> {
  return { perform: async () => !(await (await openApi()).exists(secret)) };
}

/**
 * Checks that `secret:latest` can be read. The platform accepts a template that refers to a missing version, and then
 * the revision fails to start.
 */
export function requireEnabledVersion(openApi: () => Promise<SecretApi>, secret: string): Action<void> {
  return {
    async perform() {
      const enabled = await (await openApi()).latestIsEnabled(secret);
      if (enabled) return;
      const problem =
        enabled === undefined ? 'has no version' : 'has its latest version disabled or destroyed';
      throw new UserError(`secret ${secret} ${problem}, so a revision that uses it would not start`, {
        hint: 'Nothing was changed. Set MAINTENANCE_BYPASS_TOKEN to store a bypass token in it.',
      });
    },
  };
}

export function createSecret(
  openApi: () => Promise<SecretApi>,
  project: string,
  secret: string,
): Action<void> {
  return {
    announcement: gcloudCommands.createSecret(project, secret),
    perform: async () => (await openApi()).create(secret),
  };
}

export function addSecretVersion(
  openApi: () => Promise<SecretApi>,
  project: string,
  secret: string,
  value: Secret,
): Action<void> {
  return {
    announcement: gcloudCommands.addSecretVersion(project, secret),
    perform: async () => (await openApi()).addVersion(secret, value),
  };
}

async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CloudError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

/**
 * If the organisation does not allow secrets without a location, adds how to create one that has a location. Returns any
 * other error unchanged. What the policy says: https://github.com/firebase/firebase-tools/issues/6454
 */
function withPlace(error: unknown, secret: string, { project, region }: ServiceLocation): unknown {
  if (!(error instanceof CloudError) || !error.message.includes('constraints/gcp.resourceLocations'))
    return error;
  const command = `gcloud secrets create ${secret} --project ${project} --replication-policy=user-managed --locations=${region}`;
  return new CloudError(error.kind, error.message, {
    hint: `The organisation allows secrets only in certain locations. Create it in one of them, then run this again:\n  ${gcloudCommand(command)}`,
    cause: error.cause,
  });
}

function isAlreadyThere(error: unknown): boolean {
  return (
    error instanceof CloudError &&
    error.cause instanceof ApiRefusal &&
    error.cause.status === 'ALREADY_EXISTS'
  );
}
