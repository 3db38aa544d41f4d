import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { interruptible, rememberChange, tellIfInterrupted, UserError } from '@deploy/cli';
import { lookCommand } from '../gcloud/commands.ts';
import { CloudError } from '../google/cloud-error.ts';
import { quotaWait } from '../google/quota.ts';
import type { ServiceApi, ServiceChange } from './api.ts';
import { requireNotMadeAnew } from './made-anew.ts';
import { nonceOf } from './nonce.ts';
import type { Service } from './service.ts';
import { sameShares, sameSplit } from './traffic.ts';

/**
 * Decides what to write, given the service as it is now and as it was at the first call. It is called again if somebody
 * else changed the service in between; comparing `now` with `first` then shows what was changed. Throws a UserError
 * when there is nothing sensible to write.
 */
export type Plan = (now: Service, first: Service) => Promise<ServiceChange>;

/** A change that the platform has accepted. Whether it succeeds is known once the service has settled. */
export type AcceptedChange = {
  /** The service as it was just before the change. */
  before: Service;
  change: ServiceChange;
  /** The generation that the service got with this change. */
  generation: number;
  /** The operation that carries the change out; undefined when the answer that names the operation was lost. */
  operation?: string | undefined;
};

const ATTEMPTS = 5;

/**
 * The one way to write to Cloud Run: read, plan, compare just before writing, write under an update mask, and recognise
 * a write whose answer was lost. What is compared is `generation`, the platform's count of accepted changes. The etag
 * is sent as well, but it is no substitute: the platform may not enforce it (one published test saw v2 accept stale
 * etags), and it also changes during the platform's own reconciliation. Throws a UserError when the change was not
 * made, or when another change slipped in between the last comparison and the write.
 */
export function changeService(
  api: ServiceApi,
  plan: Plan,
  onRetry: (why: string) => void,
): Promise<AcceptedChange> {
  const notice = {
    message: `before the change of service ${api.location.service} was sent`,
    hint: 'This change was not made; run this again when you are ready.',
  };
  return tellIfInterrupted(api.signal, notice, () => tryToChange(api, plan, onRetry));
}

async function tryToChange(
  api: ServiceApi,
  plan: Plan,
  onRetry: (why: string) => void,
): Promise<AcceptedChange> {
  let last: Setback | undefined;
  let first: Service | undefined;
  let made = 0;
  const mayTryAgain = quotaWait(api);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    made += 1;
    if (attempt > 1) await interruptible(api.signal, () => pause(Math.random() * 200 * 2 ** attempt));
    const planned = await api.read();
    first ??= planned;
    const change = await plan(planned, first);
    const before = await api.read();
    requireNotMadeAnew(api.location, first, before);
    if (before.generation !== planned.generation) {
      last = { why: `${changedBy(before)} while this change was being prepared` };
      onRetry(`${last.why}; planning again`);
      continue;
    }
    const notice = {
      message: `while the change of service ${before.name} was being sent: it is unknown whether it was made`,
      hint: `Look before running this again: ${lookCommand(api.location)}`,
    };
    const written = await tellIfInterrupted(api.signal, notice, () => writeOnce(api, change, before));
    if (written.state === 'not-written') {
      last = written;
      onRetry(`${last.why}; trying again`);
      // After the wait, there are as many attempts as at first.
      if (attempt === ATTEMPTS && (await mayTryAgain(last.error))) attempt = 0;
      continue;
    }
    if (written.generation > before.generation + 1) throw slippedIn(api, before, written.generation);
    rememberChange(
      `service ${before.name} was changed (generation ${written.generation})`,
      lookCommand(api.location),
    );
    return { before, change, generation: written.generation, operation: written.operation };
  }
  throw gaveUp(api, made, last);
}

/** Why a write was not made. `error` is the call's failure, unless somebody else's change was the reason. */
type Setback = { why: string; error?: CloudError };

/**
 * The error for a change that was not made after several attempts. Its kind is that of the last failure, so that a
 * caller who can wait knows whether trying again later may help.
 */
function gaveUp({ location }: ServiceApi, made: number, last: Setback | undefined): CloudError {
  const { why, error } = last ?? { why: '' };
  const advice = error?.hint ?? 'Agree on who goes first, then run this again.';
  return new CloudError(
    error?.kind ?? 'conflict',
    `nothing was changed: gave up after ${made} attempts, the last one because ${why}`,
    { hint: `${advice}\nTo see the state before that: ${lookCommand(location)}`, cause: error },
  );
}

/** Who made the last change, and when: `alice@example.com changed service x at 2026-02-12T16:55:40Z`. */
export function changedBy(service: Service): string {
  return `${service.lastModifier} changed service ${service.name} at ${service.updateTime} (generation ${service.generation})`;
}

type Written =
  | { state: 'written'; generation: number; operation?: string | undefined }
  | ({ state: 'not-written' } & Setback);

async function writeOnce(api: ServiceApi, change: ServiceChange, before: Service): Promise<Written> {
  try {
    const { service, operation } = await api.write(change, before.etag);
    return { state: 'written', generation: service.generation, operation };
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    switch (error.kind) {
      case 'conflict':
        return { state: 'not-written', ...(await nameTheOther(api, before, error)) };
      case 'rate-limited':
        return { state: 'not-written', why: error.message, error };
      case 'unanswered':
        return lookUpLostWrite(api, change, before, error);
      default:
        throw error;
    }
  }
}

async function nameTheOther(api: ServiceApi, before: Service, error: CloudError): Promise<Setback> {
  const now = await api.read();
  return now.generation === before.generation ? { why: error.message, error } : { why: changedBy(now) };
}

/** After a write without an answer, reads the service to find out whether the write was carried out. */
async function lookUpLostWrite(
  api: ServiceApi,
  change: ServiceChange,
  before: Service,
  error: CloudError,
): Promise<Written> {
  const now = await api.read().catch((failure: unknown) => {
    if (!(failure instanceof CloudError)) throw failure;
    throw new UserError(
      `${error.message}; and the service cannot be read, so whether the change was made is unknown`,
      {
        hint: `Look before running this again: ${lookCommand(api.location)}`,
        cause: error,
      },
    );
  });
  requireNotMadeAnew(api.location, before, now);
  if (now.generation === before.generation) return { state: 'not-written', why: error.message, error };
  return (await isOurs(api, change, { before, now }))
    ? { state: 'written', generation: now.generation }
    : { state: 'not-written', why: changedBy(now) };
}

/**
 * Whether the service has our change. A template is recognised by its nonce, even after somebody else's change. A
 * change of the split alone is recognised by the split itself.
 */
async function isOurs(
  api: ServiceApi,
  change: ServiceChange,
  { before, now }: { before: Service; now: Service },
): Promise<boolean> {
  if (change.template === undefined) return saysWhatWeWrote(change, { before, now });
  const nonce = nonceOf(change.template) ?? '';
  return nonceOf(now.template) === nonce || (await api.findRevision(nonce)) !== undefined;
}

function saysWhatWeWrote(
  { traffic, annotations }: ServiceChange,
  { before, now }: { before: Service; now: Service },
): boolean {
  // If this write changes only tags, compare the whole split. If it changes the shares, compare only these, because
  // somebody may have changed tags since.
  const isSame = sameShares(before.traffic, traffic) ? sameSplit : sameShares;
  return (
    isSame(now.traffic, traffic) &&
    (annotations === undefined || isDeepStrictEqual(now.annotations, annotations))
  );
}

function slippedIn(api: ServiceApi, before: Service, generation: number): UserError {
  return new UserError(
    `somebody else changed service ${before.name} at the same moment: this change became generation ${generation}, ` +
      `but was planned from generation ${before.generation} (${before.lastModifier}, ${before.updateTime}), and may have undone theirs`,
    {
      hint: `Look at what serves and at the newest revisions before going on: ${lookCommand(api.location)}`,
    },
  );
}
