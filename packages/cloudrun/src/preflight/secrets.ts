import { type Finding, findingsOf, gcloudCommand } from '@deploy/cli';
import { CloudError } from '../google/cloud-error.ts';
import type { Connection } from '../google/connection.ts';
import type { PolicyBinding, SecretApi } from '../secrets.ts';
import type { RevisionTemplate } from '../service/template.ts';
import type { ServiceLocation } from '../service-location.ts';
import { readsSecrets } from './grants.ts';
import { projectPolicies } from './project-policy.ts';
import { problem, tryRead } from './read.ts';

type Reference = { secret: string; version: string };

const { ok, note, error } = findingsOf('secrets');

/**
 * Checks that every secret version that the template refers to exists and is enabled, and that the service's account
 * may read it. For the latter, this reads the access policies of the secret and of its project, because
 * `testIamPermissions` knows only the permissions of the caller
 * (https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/testIamPermissions). The policies do
 * not show permissions from a folder, an organisation, a group or a custom role.
 */
export async function checkSecrets(
  openSecrets: () => Promise<SecretApi>,
  connection: Connection,
  location: ServiceLocation,
  template: RevisionTemplate,
): Promise<Finding[]> {
  const references = referencesIn(template);
  if (references.length === 0) return [ok('the service refers to no secret')];
  const opened = await tryRead(openSecrets);
  if (!opened.read) return [error(...problem(opened.error))];
  const api = opened.value;
  const [versions, readable] = await Promise.all([
    Promise.all(references.map((reference) => checkVersion(api, location, reference))),
    checkAllReadable(api, connection, location, { template, references }),
  ]);
  const problems = versions.flatMap((finding) => finding ?? []);
  const count = references.length - problems.length;
  return [
    ...(count === 0 ? [] : [ok(`${count} of ${references.length} versions exist and are enabled`)]),
    ...problems,
    ...readable,
  ];
}

async function checkAllReadable(
  api: SecretApi,
  connection: Connection,
  location: ServiceLocation,
  { template, references }: { template: RevisionTemplate; references: readonly Reference[] },
): Promise<Finding[]> {
  const account = template.serviceAccount;
  if (!account) return [note('cannot tell whether they are readable: the service names no account')];
  const secrets = [...new Set(references.map(({ secret }) => secret))];
  const policyOf = projectPolicies(connection, location);
  const problems = await Promise.all(
    secrets.map((secret) =>
      checkReadable(secret, account, location, [() => api.accessPolicy(secret), () => policyOf(secret)]),
    ),
  );
  const found = problems.flatMap((finding) => finding ?? []);
  return found.length > 0
    ? found
    : [ok(`${account} may read ${secrets.length === 1 ? 'it' : 'all of them'}`)];
}

async function checkVersion(
  api: SecretApi,
  { project }: ServiceLocation,
  { secret, version }: Reference,
): Promise<Finding | undefined> {
  const state = await tryRead(() => api.versionState(secret, version));
  if (!state.read) {
    return isForbidden(state.error)
      ? note(`version ${version} of secret ${secret} could not be looked at: ${state.error.message}`)
      : error(...problem(state.error));
  }
  if (state.value === 'ENABLED') return undefined;
  return error(
    state.value === undefined
      ? `secret ${secret} does not exist, or has no version ${version}`
      : `version ${version} of secret ${secret} is ${state.value}`,
    'A revision that uses it does not start. To add a version, from standard input',
    gcloudCommand(`gcloud secrets versions add ${secret} --project ${project} --data-file=-`),
  );
}

async function checkReadable(
  secret: string,
  account: string,
  { project }: ServiceLocation,
  policies: readonly (() => Promise<PolicyBinding[]>)[],
): Promise<Finding | undefined> {
  for (const readPolicy of policies) {
    const policy = await tryRead(readPolicy);
    // Say nothing about a missing secret here, because checkVersion reports it.
    if (!policy.read && policy.error instanceof CloudError && policy.error.kind === 'not-found')
      return undefined;
    if (!policy.read)
      return note(`cannot tell whether ${account} may read secret ${secret}: ${policy.error.message}`);
    const answer = readsSecrets(policy.value, account);
    if (answer === 'yes') return undefined;
    if (answer === 'perhaps')
      return note(
        `cannot tell whether ${account} may read secret ${secret}: its permissions are conditional, or come from a group or a custom role`,
      );
  }
  return error(
    `${account} may not read secret ${secret}, according to the access policies of the secret and its project`,
    'If a folder or the organisation grants this permission: SKIP_PREFLIGHT=1. To grant it',
    gcloudCommand(
      `gcloud secrets add-iam-policy-binding ${secret} --project ${project} --member serviceAccount:${account} --role roles/secretmanager.secretAccessor`,
    ),
  );
}

function isForbidden(error: unknown): boolean {
  return error instanceof CloudError && error.kind === 'forbidden';
}

/** Every secret version that a container's environment or a volume refers to, each only once. */
function referencesIn({ containers, volumes }: RevisionTemplate): Reference[] {
  const inEnv = (containers ?? []).flatMap(({ env }) =>
    (env ?? []).flatMap(({ valueSource }) => {
      const reference = valueSource?.secretKeyRef;
      return reference?.secret ? [{ secret: reference.secret, version: reference.version || 'latest' }] : [];
    }),
  );
  const inVolumes = (volumes ?? []).flatMap(({ secret: source }) => {
    const secret = source?.secret;
    if (!secret) return [];
    // Without items, a volume holds the latest version (google/cloud/run/v2/k8s.min.proto, SecretVolumeSource).
    const items = source.items ?? [];
    return items.length === 0
      ? [{ secret, version: 'latest' }]
      : items.map(({ version }) => ({ secret, version: version || 'latest' }));
  });
  const unique = new Map([...inEnv, ...inVolumes].map((each) => [`${each.secret}/${each.version}`, each]));
  return [...unique.values()];
}
