import type { ConditionJson } from '../service/resources.ts';
import type { KnativeCondition } from './types.ts';

const STATUS: Readonly<Record<ConditionJson['state'], string>> = {
  CONDITION_SUCCEEDED: 'True',
  CONDITION_FAILED: 'False',
  CONDITION_PENDING: 'Unknown',
  CONDITION_RECONCILING: 'Unknown',
};
const STATE: Readonly<Record<string, ConditionJson['state']>> = {
  True: 'CONDITION_SUCCEEDED',
  False: 'CONDITION_FAILED',
};

// Recorded services list these conditions first, in this order; any others follow.
const ORDER = ['Ready', 'ConfigurationsReady', 'RoutesReady'];

export function conditionsToKnative(conditions: readonly ConditionJson[]): KnativeCondition[] {
  return conditions
    .map(({ type, state, message, reason, revisionReason, lastTransitionTime }) => ({
      lastTransitionTime,
      status: STATUS[state],
      type,
      ...((reason ?? revisionReason) && { reason: pascalCase(reason ?? revisionReason ?? '') }),
      ...(message && { message }),
    }))
    .sort((one, other) => rank(one.type) - rank(other.type));
}

/** The conditions of a recorded service, translated to v2. Reasons are dropped, because v2 spells them differently. */
export function conditionsFromKnative(conditions: readonly KnativeCondition[]): ConditionJson[] {
  return conditions.map(({ type, status, message, lastTransitionTime }) => ({
    type,
    state: STATE[status] ?? 'CONDITION_RECONCILING',
    lastTransitionTime: lastTransitionTime ?? new Date().toISOString(),
    ...(message !== undefined && { message }),
  }));
}

function rank(type: string): number {
  const index = ORDER.indexOf(type);
  return index === -1 ? ORDER.length : index;
}

// Translates v2's HEALTH_CHECK_CONTAINER_ERROR to v1's HealthCheckContainerError.
function pascalCase(reason: string): string {
  return reason
    .toLowerCase()
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
}
