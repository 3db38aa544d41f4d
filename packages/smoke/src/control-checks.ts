import type { Secret } from '@deploy/cli';
import type { Check, Probe } from './check.ts';
import {
  bypassProbe,
  controlStatusProbe,
  healthProbe,
  readinessProbe,
  sessionProbe,
  syncTokenProbe,
} from './checks/routes.ts';
import { entryCacheProbe, manifestCacheProbe, manifestProbe, workerCacheProbe } from './checks/static.ts';
import type { Answer } from './exchange.ts';

/** What the checks are made from: the operator's tokens, and the manifest once it has been received. */
export type SuiteInputs = {
  bypassToken: Secret | undefined;
  authorization: Record<string, string> | undefined;
  manifest: Answer | undefined;
};

/**
 * The requests of a wave are sent together; the next wave starts when all of them are over. `entry` gets past a
 * maintenance window. `last` has the checks that need the manifest, and those that must not run on a service that has
 * failed a check.
 */
export const waves = ['entry', 'main', 'last'] as const;
export type Wave = (typeof waves)[number];

type ControlCheck = {
  id: string;
  /**
   * The line on stdout that announces this check. Checks with the same line are announced together. Callers parse it.
   */
  step: string;
  wave: Wave;
  /** A failure of this check does not fail the run. */
  isBestEffort?: boolean;
  /** The check itself, or why it is skipped; undefined when the operator did not ask for it. */
  make(inputs: SuiteInputs): Probe | { skipped: string } | undefined;
};

const WINDOW = '[smoke] maintenance bypass bootstrap';
const STATIC = '[smoke] static manifest + cache policy';
const AUTH = '[smoke] auth/session/token routes';

/** A check that only runs with an access token. */
function authenticated(
  id: string,
  wave: Wave,
  probe: (authorization: Record<string, string>) => Probe,
): ControlCheck {
  return {
    id,
    step: AUTH,
    wave,
    make: ({ authorization }) => authorization && probe(authorization),
  };
}

/** The control suite. Results and lines on stdout follow this order, on which callers rely. */
export const controlChecks: readonly ControlCheck[] = [
  {
    id: 'maintenance-bypass',
    step: WINDOW,
    wave: 'entry',
    make: ({ bypassToken }) => bypassToken && bypassProbe(bypassToken),
  },
  { id: 'readiness', step: '[smoke] readiness', wave: 'main', make: () => readinessProbe },
  {
    id: 'health',
    step: '[smoke] health (best-effort)',
    wave: 'main',
    // On Cloud Run's own URLs the platform answers this route itself, so a failure says nothing about the service.
    isBestEffort: true,
    make: () => healthProbe,
  },
  {
    id: 'control-status',
    step: '[smoke] control status',
    wave: 'main',
    make: ({ authorization }) => controlStatusProbe(authorization),
  },
  { id: 'manifest', step: STATIC, wave: 'main', make: () => manifestProbe },
  { id: 'manifest-cache', step: STATIC, wave: 'main', make: () => manifestCacheProbe },
  { id: 'service-worker-cache', step: STATIC, wave: 'main', make: () => workerCacheProbe },
  {
    id: 'entry-cache',
    step: STATIC,
    wave: 'last',
    make: ({ manifest }) =>
      (manifest && entryCacheProbe(manifest)) ?? { skipped: 'the manifest names no entry script' },
  },
  authenticated('auth-session', 'main', sessionProbe('/api/auth/session')),
  authenticated('auth-session-v1', 'main', sessionProbe('/api/v1/auth/session')),
  // These two create tokens, so they run only on a service that has passed everything else.
  authenticated('sync-token', 'last', syncTokenProbe('/api/sync/token')),
  authenticated('sync-token-v1', 'last', syncTokenProbe('/api/v1/sync/token')),
];

export const controlBestEffort: readonly string[] = controlChecks
  .filter(({ isBestEffort }) => isBestEffort)
  .map(({ id }) => id);

/** The checks of one wave in the order to send them, and those that are skipped, by id and reason. */
export function checksOf(
  wave: Wave,
  inputs: SuiteInputs,
): { checks: Check[]; skipped: [id: string, why: string][] } {
  const checks: Check[] = [];
  const skipped: [string, string][] = [];
  // Best-effort checks are sent last: if a server handles one request at a time and hangs on one of these checks, it
  // has already answered the others.
  const ofWave = controlChecks.filter((each) => each.wave === wave);
  for (const { id, make } of [
    ...ofWave.filter(({ isBestEffort }) => !isBestEffort),
    ...ofWave.filter(({ isBestEffort }) => isBestEffort),
  ]) {
    const made = make(inputs);
    if (made === undefined) continue;
    if ('skipped' in made) skipped.push([id, made.skipped]);
    else checks.push({ id, ...made });
  }
  return { checks, skipped };
}
