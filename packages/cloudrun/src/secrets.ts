import { type Action, type Secret, UserError } from '@deploy/cli';
import type { protos } from '@google-cloud/secret-manager';
import { type Connection, clientOptions } from './api.ts';
import { callOnce, repeatableCall } from './call.ts';
import { CloudError } from './cloud-error.ts';
import { gcloudCommands, type ServiceLocation } from './gcloud-commands.ts';

/** The few calls that are made to Secret Manager. Each throws a CloudError when it fails. */
export type SecretApi = {
  exists(secret: string): Promise<boolean>;
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

  return {
    exists: (secret) =>
      found(
        repeatableCall(about('looking up', secret), () =>
          client.getSecret({ name: `${parent}/secrets/${secret}` }, call),
        ),
      ),

    async latestIsEnabled(secret) {
      const name = `${parent}/secrets/${secret}/versions/latest`;
      let version: protos.google.cloud.secretmanager.v1.ISecretVersion | undefined;
      const isThere = await found(
        repeatableCall(about('looking up the latest version of', secret), async () => {
          [version] = await client.getSecretVersion({ name }, call);
        }),
      );
      return isThere ? version?.state === 'ENABLED' : undefined;
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
