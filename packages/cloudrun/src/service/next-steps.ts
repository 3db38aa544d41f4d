import { type NextStep, ownCommand } from '@deploy/cli';
import { closeCommand, type OpenWindow } from '../maintenance/open-window.ts';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { Share } from './traffic.ts';

/** The state of a rollout, as far as the next step depends on it. */
export type RolloutState = {
  shares: readonly Share[];
  /** The stable revision; undefined if it is not known. */
  stable: string | undefined;
  canary: string | undefined;
  /** Whether the canary had traffic and was rolled back, which ends the rollout. */
  isRolledBack?: boolean;
  /** The maintenance window that is open, if any. */
  window?: Pick<OpenWindow, 'percent' | 'mustMoveTraffic'> | undefined;
  /** Whether the split belongs to a promotion that can be resumed. */
  isPromotion?: boolean;
  /** True if no health smoke is known to have been run since the last traffic change. */
  lacksHealthSmoke?: boolean;
  /** The service's address, if known. */
  baseUrl?: string | undefined;
};

const BY_HAND = [5, 25, 50, 100];

/**
 * The next steps of a rollout, as complete commands: first those that continue the rollout, last the one that rolls it
 * back, if there is one.
 */
export function nextSteps(
  at: ServiceLocation,
  {
    shares,
    stable,
    canary,
    isRolledBack = false,
    window,
    isPromotion = false,
    lacksHealthSmoke = false,
    baseUrl,
  }: RolloutState,
): NextStep[] {
  const call = (says: string, script: string, ...args: string[]): NextStep => ({
    says,
    command: serviceCommand(at, script, args),
  });
  const percent = shares.find(({ revision }) => revision === canary)?.percent ?? 0;
  if (window !== undefined) {
    const finish = call('to open the window for all traffic', 'maintenance-mode', 'enable');
    const isWaiting = canary !== undefined && percent === 0 && !isRolledBack;
    return [
      ...(window.percent < 100 ? [finish] : []),
      { says: 'next, to close the maintenance window', command: closeCommand(at, window.mustMoveTraffic) },
      // This command names no revision: closing the window may replace the candidate by a copy, whose name is not known
      // yet.
      ...(isWaiting
        ? [call('then, to give the candidate all the traffic step by step', 'canary-rollout', 'promote')]
        : []),
    ];
  }
  const back = stable === undefined ? [] : [call('back', 'canary-rollout', 'rollback', stable)];
  if (canary === undefined || (isRolledBack && percent === 0)) return [];
  if (percent === 100)
    return [...smokeSteps(baseUrl, lacksHealthSmoke ? 'smoke-health' : 'smoke-control'), ...back];
  if (percent === 0 || isPromotion) {
    const says =
      percent === 0 ? 'next, to give it all the traffic step by step' : 'next, to go on with the promotion';
    return [call(says, 'canary-rollout', 'promote', canary), ...(percent === 0 ? [] : back)];
  }
  const more = BY_HAND.find((step) => step > percent) ?? 100;
  const onwards =
    stable === undefined
      ? []
      : [call(`then ${more} %`, 'canary-rollout', 'set-traffic', stable, canary, String(more))];
  return [...smokeSteps(baseUrl), ...onwards, ...back];
}

type SmokeScript = 'smoke-health' | 'smoke-control';

/** The step that checks what serves; none if the address is not known. */
export function smokeSteps(baseUrl: string | undefined, script: SmokeScript = 'smoke-control'): NextStep[] {
  if (baseUrl === undefined) return [];
  return [{ says: 'next, to check what serves', command: smokeCommand(baseUrl, script) }];
}

export function smokeCommand(baseUrl: string, script: SmokeScript = 'smoke-control'): string {
  return ownCommand(script, [], [['OPENAGENTS_BASE_URL', baseUrl]]);
}
