import { type Action, type Secret, UserError } from '@deploy/cli';
import type { protos } from '@google-cloud/secret-manager';
import { gcloudCommands } from './gcloud-commands.ts';
import { callOnce, repeatableCall } from './google/call.ts';
import { CloudError } from './google/cloud-error.ts';
import { type Connection, clientOptions } from './service/api.ts';
import type { ServiceLocation } from './service-location.ts';

/** One grant of an access policy: https://cloud.google.com/iam/docs/reference/rest/v1/Policy#Binding */
export type PolicyBinding = { role: string; members: readonly string[]; conditional: boolean };

/** The few calls that are made to Secret Manager. Each throws a CloudError when it fails. */
export type SecretApi = {
  exists(secret: string): Promise<boolean>;
  /** ENABLED, DISABLED or DESTROYED; undefined when there is no such version. The secret's name may be a full one. */
  versionState(secret: string, version: string): Promise<string | undefined>;
  /** Who may do what with the secret, without what is granted on its project or above. */
  accessPolicy(secret: string): Promise<PolicyBinding[]>;
  /** Whether the version that `latest` stands for can be read; undefined when there is no version. */
  latestIsEnabled(secret: string): Promise<boolean | undefined>;
  create(secret: string): Promise<void>;
  addVersion(secret: string, value: Secret): Promise<void>;
};

const TIMEOUT_MS = 15_000;
const ALREADY_EXISTS = 6;

/** Opens Secret Manager in one project. The vendor's client is loaded here and not before. */
export async function openSecretApi(connection: Connection, location: ServiceLocation): Promise<SecretApi> {
  const [{ SecretManagerServiceClient }, options] = await Promise.all([
    import('@google-cloud/secret-manager'),
    clientOptions(connection),
  ]);
  const client = new SecretManagerServiceClient(options);
  const parent = `projects/${location.project}`;
  const call = { timeout: TIMEOUT_MS, retry: null };
  const about = (doing: string, secret: string) => ({ doing: `${doing} secret ${secret}`, location });

  const secretName = (secret: string): string =>
    secret.includes('/') ? secret : `${parent}/secrets/${secret}`;

  async function versionState(secret: string, version: string): Promise<string | undefined> {
    const name = `${secretName(secret)}/versions/${version}`;
    let state: protos.google.cloud.secretmanager.v1.ISecretVersion['state'];
    const isThere = await found(
      repeatableCall(about(`looking up version ${version} of`, secret), async () => {
        [{ state }] = await client.getSecretVersion({ name }, call);
      }),
    );
    return isThere ? String(state) : undefined;
  }

  return {
    exists: (secret) =>
      found(
        repeatableCall(about('looking up', secret), () =>
          client.getSecret({ name: `${parent}/secrets/${secret}` }, call),
        ),
      ),

    versionState,

    accessPolicy: (secret) =>
      repeatableCall(about('reading the access policy of', secret), async () => {
        const [policy] = await client.getIamPolicy(
          // Without this, a policy with conditions is refused.
          { resource: secretName(secret), options: { requestedPolicyVersion: 3 } },
          call,
        );
        return (policy.bindings ?? []).map(({ role, members, condition }) => ({
          role: role ?? '',
          members: members ?? [],
          conditional: condition !== null && condition !== undefined,
        }));
      }),

    async latestIsEnabled(secret) {
      const state = await versionState(secret, 'latest');
      return state === undefined ? undefined : state === 'ENABLED';
    },

    create: (secret) =>
      callOnce(about('creating', secret), async () => {
        try {
          await client.createSecret(
            { parent, secretId: secret, secret: { replication: { automatic: {} } } },
            call,
          );
        } catch (error) {
          // Somebody else was faster, or an earlier answer was lost: what was wanted is there.
          if (!(error instanceof Error && 'code' in error && error.code === ALREADY_EXISTS)) throw error;
        }
      }),

    // A version too many, after an answer that was lost, holds the same value and harms nothing.
    addVersion: (secret, value) =>
      repeatableCall(about('adding a version to', secret), async () => {
        const payload = { data: Buffer.from(value.reveal()) };
        await client.addSecretVersion({ parent: `${parent}/secrets/${secret}`, payload }, call);
      }),
  };
}

/** Looks whether the secret has to be made first. */
export function isSecretMissing(openApi: () => Promise<SecretApi>, secret: string): Action<boolean> {
  return { perform: async () => !(await (await openApi()).exists(secret)) };
}

/**
 * Checks that `secret:latest` can be read: the platform accepts a template that refers to a version that is not there,
 * and the revision made from it then fails to start.
 */
export function requireEnabledVersion(openApi: () => Promise<SecretApi>, secret: string): Action<void> {
  return { perform: async () => checkEnabledVersion(await openApi(), secret) };
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

async function checkEnabledVersion(secrets: SecretApi, secret: string): Promise<void> {
  const enabled = await secrets.latestIsEnabled(secret);
  if (enabled) return;
  const problem = enabled === undefined ? 'has no version' : 'has its latest version disabled or destroyed';
  throw new UserError(`secret ${secret} ${problem}, so a revision that uses it would not start`, {
    hint: 'Nothing was changed. Set MAINTENANCE_BYPASS_TOKEN to store a bypass token in it.',
  });
}

async function found(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof CloudError && error.kind === 'not-found') return false;
    throw error;
  }
}
