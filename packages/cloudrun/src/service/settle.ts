import { setTimeout as pause } from 'node:timers/promises';
import { interruptible, tellIfInterrupted, UserError } from '@deploy/cli';
import { lookCommand } from '../gcloud-commands.ts';
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
 * settled well or badly. A look that gets no answer, or is one too many, says nothing: the next one may. `operation`, what
 * carries the change out, ends a pause between two looks early; the verdict is what the service shows. Throws a UserError
 * when all that takes over a quarter of an hour, or when the service may no longer be read: the platform goes on by
 * itself in either case, and so it does when the script is stopped.
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
        if (performance.now() > deadline) throw notSettled(service);
      }
      await rest();
    }
  } finally {
    over.abort();
  }
}

/** The service; undefined when just now there is no telling, and there is still time to look again. */
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

/** Resolves when the operation is done, and never if its state is unknown: the caller polls the service as well. */
async function whenDone(api: ServiceApi, operation: string, signal: AbortSignal): Promise<void> {
  const never = new Promise<void>(() => {});
  while (true) {
    const askedAt = performance.now();
    const isDone = await api.waitForOperation(operation, signal).catch(() => undefined);
    if (isDone) return;
    // The platform need not wait: one that answers at once would be asked over and over without a pause.
    if (isDone === undefined || performance.now() - askedAt < SLOWEST_POLL_MS) return never;
  }
}

/** Whether the bell ended the pause. */
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

/** Looks at what came of an accepted change; a CloudError or an interruption then also says that there was one. */
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

/** The failure of a look at what came of a change, saying that there was one. */
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
    goesOn: `service ${location.service} was changed${which} and the platform goes on with that by itself`,
    look: `Look at what came of it: ${lookCommand(location)}`,
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
