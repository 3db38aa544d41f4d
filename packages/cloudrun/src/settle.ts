import { setTimeout as pause } from 'node:timers/promises';
import { UserError } from '@deploy/cli';
import type { ServiceApi } from './api.ts';
import type { Condition, Service } from './service.ts';

// A revision may take its startup probe's 240 s, and image import before that; gcloud waits without an end.
const SETTLE_TIMEOUT_MS = 15 * 60_000;
const FIRST_POLL_MS = 100;
const SLOWEST_POLL_MS = 2_000;

/** Told of every look at a service that has not settled yet. */
export type Watcher = (service: Service) => void;

/**
 * Waits until the platform has carried out the given generation, or a later one, and gives the service as it is then,
 * settled well or badly. Throws a UserError when that takes over a quarter of an hour.
 */
export async function waitUntilSettled(
  api: ServiceApi,
  generation: number,
  watch: Watcher = () => {},
): Promise<Service> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  let pauseMs = FIRST_POLL_MS;
  while (true) {
    const service = await api.read();
    if (isSettled(service, generation)) return service;
    watch(service);
    if (Date.now() > deadline) throw notSettled(service);
    await pause(pauseMs);
    pauseMs = Math.min(pauseMs * 1.5, SLOWEST_POLL_MS);
  }
}

/** Whether what the service shows is what became of that generation. */
export function isSettled(service: Service, generation: number): boolean {
  return !service.reconciling && service.observedGeneration >= generation;
}

/** A condition in one phrase: `HEALTH_CHECK_CONTAINER_ERROR: the container …`. */
export function describeCondition(condition: Condition): string {
  const { reason, message, state } = condition;
  return (
    [reason, message].filter((part) => part !== undefined).join(': ') || `the platform says only "${state}"`
  );
}

function notSettled(service: Service): UserError {
  return new UserError(
    `service ${service.name} has not settled in ${SETTLE_TIMEOUT_MS / 60_000} minutes (${describeCondition(service.ready)})`,
    {
      hint: 'The platform goes on with it. Look at the state before doing anything else: canary-rollout.ts status',
    },
  );
}
