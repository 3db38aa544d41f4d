import { setTimeout as pause } from 'node:timers/promises';
import { extendedHint, interruptible, tellIfInterrupted, UserError } from '@deploy/cli';
import { lookCommand } from '../gcloud/commands.ts';
import { CloudError } from '../google/cloud-error.ts';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { ServiceApi } from './api.ts';
import { type AcceptedChange, changedBy } from './change.ts';
import { requireNotMadeAnew } from './made-anew.ts';
import { type Condition, reasonAndMessage, type Service } from './service.ts';

// Long enough for importing the image, and then for a startup probe that uses all its 240 s. gcloud waits without a
// limit.
const SETTLE_TIMEOUT_MS = 15 * 60_000;
const FIRST_POLL_MS = 100;
const SLOWEST_POLL_MS = 2_000;

/** Called after each read that finds the service not settled yet. */
export type Watcher = (service: Service) => void;

/** A change to wait for: the generation that it made, and the service that it was made to. */
type AwaitedGeneration = Pick<Service, 'generation' | 'uid'>;

/**
 * Waits until the platform has carried out the given generation or a later one, and returns the settled service,
 * whether the change succeeded or failed. Only the service's own state tells whether it has settled; the end of
 * `operation` just makes the next read come at once. A read that gets no answer or exceeds the quota is repeated.
 * Throws a UserError after a quarter of an hour, or when the service can no longer be read or was made anew. The
 * platform finishes the change in any case, even when the script is stopped.
 */
export async function waitUntilSettled(
  api: ServiceApi,
  awaited: AwaitedGeneration,
  watch: Watcher = () => {},
  operation?: string,
): Promise<Service> {
  const { generation } = awaited;
  const { goesOn, look } = afterwards(api, generation);
  const notice = { message: `while waiting: ${goesOn}`, hint: look };
  const onLook: Watcher = (service) => {
    notice.message = `while waiting: ${whatGoesOn(service, generation)}`;
    watch(service);
  };
  return tellIfInterrupted(api.signal, notice, () => lookUntilSettled(api, awaited, onLook, operation));
}

/** Waits until an accepted change has settled, and meanwhile tells what the service reports. */
export function waitForChange(
  api: ServiceApi,
  { before, generation, operation }: Pick<AcceptedChange, 'before' | 'generation' | 'operation'>,
  tell: (text: string) => void,
): Promise<Service> {
  const watch: Watcher = (now) => tell(`waiting for ${now.name}: ${describeCondition(now.ready)}`);
  return waitUntilSettled(api, { generation, uid: before.uid }, watch, operation);
}

async function lookUntilSettled(
  api: ServiceApi,
  awaited: AwaitedGeneration,
  watch: Watcher,
  operation: string | undefined,
): Promise<Service> {
  const { generation } = awaited;
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  const over = new AbortController();
  let operationEnd = operation === undefined ? undefined : whenDone(api, operation, over.signal);
  let pauseMs = FIRST_POLL_MS;
  const rest = async (): Promise<void> => {
    const hasEnded = await interruptible(api.signal, () => pauseUnlessEnded(pauseMs, operationEnd));
    if (hasEnded) operationEnd = undefined;
    pauseMs = hasEnded ? FIRST_POLL_MS : Math.min(pauseMs * 1.5, SLOWEST_POLL_MS);
  };
  try {
    if (operationEnd !== undefined) await rest();
    while (true) {
      const service = await readIfPossible(api, generation, deadline);
      if (service !== undefined) {
        requireNotMadeAnew(api.location, awaited, service);
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

/** Reads the service; undefined when the read failed but may succeed later, before the deadline. */
async function readIfPossible(
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
 * Resolves when the operation is done. If its state is unknown, this never resolves, which does no harm, because the
 * caller polls the service as well.
 */
async function whenDone(api: ServiceApi, operation: string, signal: AbortSignal): Promise<void> {
  const never = new Promise<void>(() => {});
  while (true) {
    const askedAt = performance.now();
    const isDone = await api.waitForOperation(operation, signal).catch(() => undefined);
    if (isDone) return;
    // If the platform answers at once instead of waiting, stop asking, because asking again and again would be a loop
    // without a pause.
    if (isDone === undefined || performance.now() - askedAt < SLOWEST_POLL_MS) return never;
  }
}

/** Pauses until the operation ends or the time is over. Returns whether the operation has ended. */
async function pauseUnlessEnded(ms: number, operationEnd: Promise<void> | undefined): Promise<boolean> {
  if (operationEnd === undefined) {
    await pause(ms);
    return false;
  }
  const over = new AbortController();
  try {
    const slept = pause(ms, undefined, { signal: over.signal });
    return await Promise.race([slept.then(() => false), operationEnd.then(() => true)]);
  } finally {
    over.abort();
  }
}

/**
 * Runs `look`, which finds out what came of an accepted change. If it fails or is interrupted, the error also says that
 * the change was accepted.
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

/** The error of a read that failed after a change: it also says that the change was accepted. */
function changedAnyway(api: ServiceApi, generation: number | undefined, error: unknown): unknown {
  if (!(error instanceof CloudError)) return error;
  const { goesOn, look } = afterwards(api, generation);
  return new UserError(`${error.message}; ${goesOn}`, {
    hint: extendedHint(error, look),
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

/** Says who made the change that the platform is working on: the awaited change, or a later one. */
function whatGoesOn(service: Service, generation: number): string {
  const since = service.generation > generation ? `generation ${generation} was followed by another: ` : '';
  return `${since}${changedBy(service)}, and the platform goes on without this script`;
}

/** Whether the service shows the result of the given generation or a later one. */
export function isSettled(service: Service, generation: number): boolean {
  return !service.reconciling && service.observedGeneration >= generation;
}

/** A condition as one phrase: `HEALTH_CHECK_CONTAINER_ERROR: the container …`. */
export function describeCondition(condition: Condition): string {
  return reasonAndMessage(condition) || `the platform says only "${condition.state}"`;
}

function notSettled(location: ServiceLocation, service: Service): UserError {
  return new UserError(
    `service ${service.name} has not settled in ${SETTLE_TIMEOUT_MS / 60_000} minutes (${describeCondition(service.ready)})`,
    {
      hint: `The platform goes on without this script. Look at the state before doing anything else:\n  ${serviceCommand(location, 'canary-rollout', ['status'])}`,
    },
  );
}
