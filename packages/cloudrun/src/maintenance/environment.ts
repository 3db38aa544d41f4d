import { ingressContainer, withIngressContainer } from '../service/ingress-container.ts';
import type { EnvVar, RevisionTemplate } from '../service/template.ts';
import type { MaintenanceValues } from './values.ts';

export type MaintenanceWish = { mode: 'on'; values: MaintenanceValues } | { mode: 'off' };

const SWITCH = 'OA_MAINTENANCE_MODE_ENABLED';

/** Whether a revision of this template is in maintenance mode. */
export function isMaintenanceOn(template: RevisionTemplate): boolean {
  return isSwitchedOn(envOf(template).find(({ name }) => name === SWITCH)?.value ?? '');
}

/** Reads the value of a switch as the service does. */
export function isSwitchedOn(value: string): boolean {
  return ['1', 'true', 'yes'].includes(value.trim().toLowerCase());
}

/**
 * Sets the variables that the wish asks for in the ingress container of the template. Everything else stays as it is.
 */
export function withWish(template: RevisionTemplate, wish: MaintenanceWish): RevisionTemplate {
  return withIngressContainer(template, (container) => ({
    ...container,
    env: merge(container.env ?? [], wishedEnv(wish)),
  }));
}

/** Whether the template already fulfils the wish. If it does not set the switch, maintenance mode counts as off. */
export function fulfils(template: RevisionTemplate, wish: MaintenanceWish): boolean {
  if (wish.mode === 'off') return !isMaintenanceOn(template);
  const env = envOf(template);
  return wishedEnv(wish).every((wished) => env.some((given) => sameVariable(given, wished)));
}

function wishedEnv(wish: MaintenanceWish): EnvVar[] {
  if (wish.mode === 'off') return [{ name: SWITCH, value: 'false' }];
  const { cookieName, cookieTtlSeconds, allowedPaths, secretName } = wish.values;
  return [
    { name: SWITCH, value: 'true' },
    { name: 'OA_MAINTENANCE_BYPASS_COOKIE_NAME', value: cookieName },
    { name: 'OA_MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS', value: String(cookieTtlSeconds) },
    { name: 'OA_MAINTENANCE_ALLOWED_PATHS', value: allowedPaths },
    {
      name: 'OA_MAINTENANCE_BYPASS_TOKEN',
      valueSource: { secretKeyRef: { secret: secretName, version: 'latest' } },
    },
  ];
}

function envOf(template: RevisionTemplate): EnvVar[] {
  return ingressContainer(template).env ?? [];
}

function merge(env: readonly EnvVar[], wished: readonly EnvVar[]): EnvVar[] {
  const kept = env.map((given) => wished.find(({ name }) => name === given.name) ?? given);
  const added = wished.filter(({ name }) => !env.some((given) => given.name === name));
  return [...kept, ...added];
}

function sameVariable(one: EnvVar, other: EnvVar): boolean {
  const [first, second] = [one.valueSource?.secretKeyRef, other.valueSource?.secretKeyRef];
  return (
    one.name === other.name &&
    (one.value ?? '') === (other.value ?? '') &&
    shortSecret(first?.secret) === shortSecret(second?.secret) &&
    (first?.version ?? '') === (second?.version ?? '')
  );
}

// Secrets are compared by their short names, because a secret in the service's own project may be given by its short or
// its full name.
function shortSecret(name: string | null | undefined): string {
  return name?.slice(name.lastIndexOf('/') + 1) ?? '';
}
