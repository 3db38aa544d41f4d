import { setTimeout as pause } from 'node:timers/promises';
import { interruptible, tellIfInterrupted, UserError } from '@deploy/cli';
import { lookCommand } from '../gcloud/commands.ts';
import { CloudError } from '../google/cloud-error.ts';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { ServiceApi } from './api.ts';
import { changedBy } from './change.ts';
import type { Condition, Service } from './service.ts';

// A revision may use all 240 s of its startup probe, after the image was imported. gcloud waits without a limit.
const SETTLE_TIMEOUT_MS = 15 * 60_000;
const FIRST_POLL_MS = 100;
const SLOWEST_POLL_MS = 2_000;

/** Called each time the service was read and had not settled yet. */
export type Watcher = (service: Service) => void;

/**
 * Waits until the platform has carried out the given generation or a later one, and returns the settled service,
 * whether the change succeeded or failed. A read without an answer, or over the quota, is repeated. `operation` is the
 * operation that carries the change out; when it ends, the next read follows at once, but only the service decides.
 * Throws a UserError after a quarter of an hour, or when reading the service is no longer allowed. The platform
 * finishes the change in either case, and also when the script is stopped.
 */
export async function waitUntilSettled(
  api: ServiceApi,
  generation: number,
  watch: Watcher = () => {},
  operation?: string,
): Promise<Service> {
  const { goesOn, look } = afterwards(api, generation);
  const notice = { message: `while waiting: ${goesOn}`, hint: look };
  const onLook: Watcher = (service) => {
    notice.message = `while waiting: ${whatGoesOn(service, generation)}`;
    watch(service);
  };
  return tellIfInterrupted(api.signal, notice, () => lookUntilSettled(api, generation, onLook, operation));
}

async function lookUntilSettled(
  api: ServiceApi,
  generation: number,
  watch: Watcher,
  operation: string | undefined,
): Promise<Service> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  const over = new AbortController();
  let bell = operation === undefined ? undefined : whenDone(api, operation, over.signal);
  let pauseMs = FIRST_POLL_MS;
  const rest = async (): Promise<void> => {
    const hasRung = await interruptible(api.signal, () => pauseUnlessRung(pauseMs, bell));
    if (hasRung) bell = undefined;
    pauseMs = hasRung ? FIRST_POLL_MS : Math.min(pauseMs * 1.5, SLOWEST_POLL_MS);
  };
  try {
    if (bell !== undefined) await rest();
    while (true) {
      const service = await readUnlessTroubled(api, generation, deadline);
      if (service !== undefined) {
        if (isSettled(service, generation)) return service;
        watch(service);
        if (performance.now() > deadline) throw notSettled(api.location, service);
      }
      await rest();
    }
  } finally {
    over.abort();
  }
}

/** Reads the service; undefined when that did not work this time and there is still time to try again. */
async function readUnlessTroubled(
  api: ServiceApi,
  generation: number,
  deadline: number,
): Promise<Service | undefined> {
  try {
    return await api.read();
  } catch (error) {
    const isPassing =
      error instanceof CloudError && (error.kind === 'unanswered' || error.kind === 'rate-limited');
    if (isPassing && performance.now() < deadline) return undefined;
    throw changedAnyway(api, generation, error);
  }
}

/**
 * Resolves when the operation is done, and never if its state is unknown, because the caller polls the service as well.
 */
async function whenDone(api: ServiceApi, operation: string, signal: AbortSignal): Promise<void> {
  const never = new Promise<void>(() => {});
  while (true) {
    const askedAt = performance.now();
    const isDone = await api.waitForOperation(operation, signal).catch(() => undefined);
    if (isDone) return;
    // The platform may answer without waiting. Asking again at once would then never pause.
    if (isDone === undefined || performance.now() - askedAt < SLOWEST_POLL_MS) return never;
  }
}

/** Pauses until the bell resolves or the time is over; returns whether the bell ended the pause. */
async function pauseUnlessRung(ms: number, bell: Promise<void> | undefined): Promise<boolean> {
  if (bell === undefined) {
    await pause(ms);
    return false;
  }
  const over = new AbortController();
  try {
    const slept = pause(ms, undefined, { signal: over.signal });
    return await Promise.race([slept.then(() => false), bell.then(() => true)]);
  } finally {
    over.abort();
  }
}

/**
 * Reads what came of an accepted change. When that fails or is interrupted, the error also says that the change was
 * accepted.
 */
export async function lookAfterChange<T>(
  api: ServiceApi,
  generation: number | undefined,
  look: () => Promise<T>,
): Promise<T> {
  const { goesOn, look: command } = afterwards(api, generation);
  const notice = { message: `while looking at what came of the change: ${goesOn}`, hint: command };
  try {
    return await tellIfInterrupted(api.signal, notice, look);
  } catch (error) {
    throw changedAnyway(api, generation, error);
  }
}

/** Adds to a failed read that the change before it was accepted. */
function changedAnyway(api: ServiceApi, generation: number | undefined, error: unknown): unknown {
  if (!(error instanceof CloudError)) return error;
  const { goesOn, look } = afterwards(api, generation);
  return new UserError(`${error.message}; ${goesOn}`, {
    hint: error.hint === undefined ? look : `${error.hint} ${look}`,
    cause: error,
  });
}

function afterwards(
  { location }: ServiceApi,
  generation: number | undefined,
): { goesOn: string; look: string } {
  const which = generation === undefined ? '' : ` (generation ${generation})`;
  return {
    goesOn: `service ${location.service} was changed${which} and the platform goes on without this script`,
    look: `Look at what came of it: ${lookCommand(location)}`,
  };
}

/** Whose change the platform is working on: the awaited one, or a later one. */
function whatGoesOn(service: Service, generation: number): string {
  const since = service.generation > generation ? `generation ${generation} was followed by another: ` : '';
  return `${since}${changedBy(service)}, and the platform goes on without this script`;
}

/** Whether the service shows the result of that generation. */
export function isSettled(service: Service, generation: number): boolean {
  return !service.reconciling && service.observedGeneration >= generation;
}

/** A condition as one phrase: `HEALTH_CHECK_CONTAINER_ERROR: the container …`. */
export function describeCondition(condition: Condition): string {
  const { reason, message, state } = condition;
  return (
    [reason, message].filter((part) => part !== undefined).join(': ') || `the platform says only "${state}"`
  );
}

function notSettled(location: ServiceLocation, service: Service): UserError {
  return new UserError(
    `service ${service.name} has not settled in ${SETTLE_TIMEOUT_MS / 60_000} minutes (${describeCondition(service.ready)})`,
    {
      hint: `The platform goes on without this script. Look at the state before doing anything else:\n  ${serviceCommand(location, 'canary-rollout', ['status'])}`,
    },
  );
}
