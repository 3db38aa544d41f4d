import { setTimeout as pause } from 'node:timers/promises';
import { tellIfInterrupted, UserError } from '@deploy/cli';
import { gcloudCommands } from '../gcloud-commands.ts';
import { CloudError } from '../google/cloud-error.ts';
import type { ServiceApi } from './api.ts';
import { changedBy } from './change.ts';
import type { Condition, Service } from './service.ts';

// A revision may take its startup probe's 240 s, and image import before that; gcloud waits without an end.
const SETTLE_TIMEOUT_MS = 15 * 60_000;
const FIRST_POLL_MS = 100;
const SLOWEST_POLL_MS = 2_000;

/** Told of every look at a service that has not settled yet. */
export type Watcher = (service: Service) => void;

/**
 * Waits until the platform has carried out the given generation, or a later one, and gives the service as it is then,
 * settled well or badly. Throws a UserError when that takes over a quarter of an hour, or when the service can no longer
 * be read: the platform goes on by itself in either case, and so it does when the script is stopped.
 */
export async function waitUntilSettled(
  api: ServiceApi,
  generation: number,
  watch: Watcher = () => {},
): Promise<Service> {
  const { goesOn, look } = afterwards(api, generation);
  const notice = { message: `while waiting: ${goesOn}`, hint: look };
  using _ = tellIfInterrupted(notice);
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  let pauseMs = FIRST_POLL_MS;
  while (true) {
    const service = await lookAfterChange(api, generation, () => api.read());
    if (isSettled(service, generation)) return service;
    notice.message = `while waiting: ${whatGoesOn(service, generation)}`;
    watch(service);
    if (performance.now() > deadline) throw notSettled(service);
    await pause(pauseMs);
    pauseMs = Math.min(pauseMs * 1.5, SLOWEST_POLL_MS);
  }
}

/** Looks at what came of an accepted change; a CloudError then also says that there was one. */
export async function lookAfterChange<T>(
  api: ServiceApi,
  generation: number | undefined,
  look: () => Promise<T>,
): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    const { goesOn, look: howToLook } = afterwards(api, generation);
    throw new UserError(`${error.message}; ${goesOn}`, {
      hint: error.hint === undefined ? howToLook : `${error.hint} ${howToLook}`,
      cause: error,
    });
  }
}

function afterwards(
  { location }: ServiceApi,
  generation: number | undefined,
): { goesOn: string; look: string } {
  const which = generation === undefined ? '' : ` (generation ${generation})`;
  return {
    goesOn: `service ${location.service} was changed${which} and the platform goes on with that by itself`,
    look: `Look at what came of it: ${gcloudCommands.canaryStatus(location)}`,
  };
}

/** Whose change the platform is busy with: the awaited one, or one that somebody has made since. */
function whatGoesOn(service: Service, generation: number): string {
  const since = service.generation > generation ? `generation ${generation} was followed by another: ` : '';
  return `${since}${changedBy(service)}, and the platform goes on with that by itself`;
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
