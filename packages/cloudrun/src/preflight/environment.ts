import { cleanLine, type Finding, findingsOf, gcloudCommand } from '@deploy/cli';
import { isSwitchedOn } from '../maintenance/environment.ts';
import { ingressContainer } from '../service/ingress-container.ts';
import type { Container, RevisionTemplate } from '../service/template.ts';
import type { ServiceLocation } from '../service-location.ts';
import { problem, tryRead } from './read.ts';

/** A variable of the template: its value, or the secret it comes from. */
type Given = { value: string } | { fromSecret: string };

type Requirement = {
  /** The first name is preferred; the others are accepted as well. */
  names: readonly [string, ...string[]];
  /** The required value; if undefined, any value will do. */
  value?: string;
};

// The staging runbook's list of required configuration.
const REQUIRED: readonly Requirement[] = [
  { names: ['WORKOS_CLIENT_ID'] },
  { names: ['WORKOS_API_KEY'] },
  { names: ['OA_AUTH_PROVIDER_MODE'], value: 'workos' },
  { names: ['OA_SYNC_TOKEN_ENABLED'], value: 'true' },
  { names: ['OA_SYNC_TOKEN_SIGNING_KEY', 'SYNC_TOKEN_SIGNING_KEY'] },
  { names: ['OA_SYNC_TOKEN_AUDIENCE'], value: 'openagents-sync' },
  { names: ['OA_ROUTE_SPLIT_ENABLED'], value: 'true' },
  { names: ['OA_ROUTE_SPLIT_MODE'], value: 'rust' },
];
const STATIC_DIR = 'OA_CONTROL_STATIC_DIR';
const RUNBOOK_STATIC_DIR = '/app/apps/openagents.com/web-shell/dist';
const IMAGE_STATIC_DIR = '/app/web-shell/dist';
const COMPAT = 'OA_COMPAT_CONTROL';
const BELONGS_IN_SECRET = /_(?:API_KEY|SIGNING_KEY)$/;

const REQUIRED_CHECK = 'env: required';

/** Checks that the template has the runbook's required configuration. `domain` is staging's domain. */
export async function checkEnvironment(
  template: RevisionTemplate,
  domain: string,
  location: ServiceLocation,
): Promise<Finding[]> {
  const container = await tryRead(async () => ingressContainer(template));
  if (!container.read) return [findingsOf(REQUIRED_CHECK).error(...problem(container.error))];
  const env = readEnv(container.value);
  return [...required(env), ...recommended(env, domain, location), ...compatibility(env)];
}

function required(env: ReadonlyMap<string, Given>): Finding[] {
  const { ok, error } = findingsOf(REQUIRED_CHECK);
  const problems = [
    ...REQUIRED.flatMap((requirement) => {
      const problem = unmet(env, requirement);
      return problem === undefined ? [] : [error(problem, howToSet(requirement))];
    }),
    ...staticDir(env),
  ];
  return problems.length > 0 ? problems : [ok(`all ${REQUIRED.length + 1} variables are set`)];
}

/**
 * STATIC_DIR needs a check of its own, because the runbook is wrong about it: the web shell is in another folder of the
 * image, and the image itself sets the variable to that folder.
 */
function staticDir(env: ReadonlyMap<string, Given>): Finding[] {
  const { warning, error } = findingsOf(REQUIRED_CHECK);
  const requirement: Requirement = { names: [STATIC_DIR], value: RUNBOOK_STATIC_DIR };
  const problem = unmet(env, requirement);
  if (problem === undefined) return [];
  if (!env.has(STATIC_DIR)) return [error(problem, howToSet(requirement))];
  return [
    warning(
      `${problem}, as the runbook says`,
      `This is correct only if the image has its web shell there; the current image has it in ${IMAGE_STATIC_DIR}.`,
    ),
  ];
}

function recommended(
  env: ReadonlyMap<string, Given>,
  domain: string,
  { project, region, service }: ServiceLocation,
): Finding[] {
  const { ok, warning } = findingsOf('env: recommended');
  const issuer: Requirement = { names: ['OA_SYNC_TOKEN_ISSUER'], value: `https://${domain}` };
  const problem = unmet(env, issuer);
  const plain = [...env].flatMap(([name, given]) =>
    BELONGS_IN_SECRET.test(name) && 'value' in given && given.value !== '' ? [name] : [],
  );
  const findings = [
    ...(problem === undefined ? [] : [warning(problem, howToSet(issuer))]),
    ...plain.map((name) =>
      warning(
        `${name} is a plain value, which everybody who may view the service can read`,
        'Put it into a secret. To use the secret (replace SECRET by its name)',
        gcloudCommand(
          `gcloud run services update ${service} --project ${project} --region ${region} --update-secrets ${name}=SECRET:latest`,
        ),
      ),
    ),
  ];
  return findings.length > 0
    ? findings
    : [ok(`tokens are issued by https://${domain}; keys come from secrets`)];
}

function compatibility(env: ReadonlyMap<string, Given>): Finding[] {
  const { ok, warning } = findingsOf('env: compatibility');
  const enforced = env.get(`${COMPAT}_ENFORCED`);
  const isEnforced = enforced !== undefined && ('fromSecret' in enforced || isSwitchedOn(enforced.value));
  if (!isEnforced) return [ok('not enforced')];
  const missing = [`${COMPAT}_PROTOCOL_VERSION`, `${COMPAT}_MIN_CLIENT_BUILD_ID`].filter(
    (name) => !isSet(env.get(name)),
  );
  return missing.length === 0
    ? [ok('enforced, with a protocol version and an oldest client build')]
    : missing.map((name) =>
        warning(
          `${COMPAT}_ENFORCED is on, but ${name} is not set, so the service's own default decides which clients it turns away`,
          `Set ${name} on the service.`,
        ),
      );
}

/** What is wrong with a variable; undefined when nothing is. A value that may be secret is not shown. */
function unmet(env: ReadonlyMap<string, Given>, { names, value: wanted }: Requirement): string | undefined {
  const name = names.find((each) => env.has(each)) ?? names[0];
  const given = env.get(name);
  if (!isSet(given)) return `${names.join(' or ')} is ${given === undefined ? 'not set' : 'empty'}`;
  // A value from a secret cannot be compared, because secrets are not read.
  if (wanted === undefined || given === undefined || 'fromSecret' in given) return undefined;
  const isSame = given.value === wanted || (wanted === 'true' && isSwitchedOn(given.value));
  return isSame ? undefined : `${name} is "${cleanLine(given.value, 80)}", not ${wanted}`;
}

function howToSet({ names: [name], value }: Requirement): string {
  return `Set ${name}${value === undefined ? '' : `=${value}`} on the service.`;
}

function isSet(given: Given | undefined): boolean {
  return given !== undefined && ('fromSecret' in given || given.value !== '');
}

function readEnv({ env = [] }: Container): Map<string, Given> {
  return new Map(
    env.map(({ name, value, valueSource }) => {
      const secret = valueSource?.secretKeyRef?.secret;
      return [name ?? '', secret ? { fromSecret: secret } : { value: value ?? '' }];
    }),
  );
}
