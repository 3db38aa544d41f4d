import { isDeepStrictEqual } from 'node:util';
import { type Action, errorMessage, UserError } from '@deploy/cli';
import {
  type Bookkeeping,
  changedBy,
  MadeAnew,
  madeAnew,
  rollback,
  type Service,
  type Share,
  sendAnnotations,
  serviceCommand,
  setTraffic,
  type TrafficChange,
  tagRevision,
  untagRevision,
  writeAnnotations,
} from '@deploy/cloudrun';
import { MINUTE_MS } from '../cloud/minutes.ts';
import {
  candidatePercent,
  type FailedCandidate,
  failureOf,
  isItsTraffic,
  type PromotionState,
  promotionOn,
  splitOf,
  withFailure,
  withPromotion,
} from './bookkeeping.ts';
import { pairOf, type Subject } from './candidate.ts';
import { isTemporary, kindOf, MOST_ATTEMPTS, orFailure } from './failed-calls.ts';
import { requireSameService, requireUndisturbed } from './ownership.ts';
import type { PromotionSource, WalkRequest } from './request.ts';
import { Superseded } from './superseded.ts';

/** A change that only cleans up is tried once per poll, up to this many times in all. */
const ATTEMPTS_TO_LET_GO = 5;

/**
 * A claim lasts for a step's longest window and this long. It is renewed once only this is left of it, which is long
 * enough to try again when the first attempts fail.
 */
const SPARE_MS = 10 * MINUTE_MS;

/**
 * How a shift of traffic ended. `isItsFault` blames the candidate: no API call failed, so nothing else can be the
 * reason.
 */
type Shift =
  | { readonly state: 'served'; readonly change: TrafficChange }
  | { readonly state: 'refused'; readonly why: string; readonly isItsFault: boolean }
  | { readonly state: 'interrupted' };

/**
 * A promotion's hold on its service. The promotion changes the service only through its hold, which also knows what the
 * promotion has stored on the service.
 */
export type Hold = {
  readonly steps: readonly number[];
  readonly startedAt: number;
  readonly tag: string;
  begun(): PromotionState['begun'];
  /** The share that the candidate was last given. */
  percent(): number;
  /** Throws Superseded when somebody else has changed the service. */
  requireOurs(now: Service): void;
  /** Stores the promotion on the service, and tags the candidate if it has no tag yet. Returns the tag's URL. */
  take(): Promise<string>;
  /**
   * Keeps the promotion for longer if its claim soon runs out. Call it before each pause: a step that waits for late logs
   * may last longer than anything that was foreseen when it began. Does not wait until Cloud Run has carried it out,
   * because nobody watches the candidate meanwhile.
   */
  renew(): Promise<void>;
  /** Gives the candidate this share. Retries as long as that may help. */
  shiftTo(percent: number): Promise<Shift>;
  /**
   * Moves all traffic back to stable at once, and remembers the candidate as failed if it was at fault. Retries as long
   * as that may help.
   */
  giveBack(why: string, isItsFault: boolean): Promise<TrafficChange>;
  /** Releases the promotion, so that anyone may resume it. */
  letGo(): Promise<void>;
  /** Removes the finished promotion from the service, and also the tag unless the candidate had it before. */
  forget(): Promise<void>;
};

/** Makes a hold on a service that was just read, without changing anything yet. */
export function holdOn(
  { api, settings, location, walker, tell, perform, pause, signal }: WalkRequest,
  subject: Subject,
  source: PromotionSource,
): Hold {
  const pair = pairOf(subject);
  const openApi = async () => api;
  const ownerId = crypto.randomUUID().slice(0, 8);
  const { template } = subject.service;
  const tagged = subject.service.traffic.find(({ tag }) => tag === settings.tag)?.revision;
  const nowMs = (): number => source.now().getTime();
  let state: PromotionState = {
    ...(subject.unfinished ?? {
      ...pair,
      uid: subject.service.uid,
      startedAt: nowMs(),
      tag: settings.tag,
      hadTag: tagged === pair.canary,
      begun: [],
    }),
    // A resumed promotion keeps its original steps, because the weight of each in the evidence depends on how many
    // there are.
    steps: subject.unfinished?.steps ?? settings.steps,
  };
  const { steps, startedAt, tag } = state;
  const percent = (): number => candidatePercent(state);

  return {
    ...{ steps, startedAt, tag, percent, requireOurs, take, renew, shiftTo, giveBack },
    begun: () => state.begun,
    letGo: () => release({ forget: false }),
    forget: () => release({ forget: true }),
  };

  function ownedNow(promotion: PromotionState): PromotionState {
    const { account, host, pid } = walker;
    // A step may last for its longest window, and then wait for late entries and for a source that cannot be read.
    const until = nowMs() + settings.maxWindowMinutes * MINUTE_MS + source.delayMs + SPARE_MS;
    return { ...promotion, owner: { id: ownerId, account, host, pid, until } };
  }

  /** Performs an action. Throws Superseded if the service was made anew meanwhile, because nothing on it is ours then. */
  async function carryOut<T>(action: Action<T>): Promise<T> {
    try {
      return await perform(action);
    } catch (error) {
      throw error instanceof MadeAnew ? new Superseded(error.found, madeAnew) : error;
    }
  }

  function requireOurs(now: Service): void {
    state = requireUndisturbed(now, ownerId, subject.service);
  }

  /** Notes a promotion on the service, or removes the note, together with a change of a service that is still ours. */
  function noting(promotion: PromotionState | undefined): Bookkeeping {
    return { permit: requireOurs, annotations: ({ annotations }) => withPromotion(annotations, promotion) };
  }

  async function take(): Promise<string> {
    const before = promotionOn(subject.service);
    const permit = (now: Service): void => {
      requireSameService(subject.service, now);
      const isSame = isDeepStrictEqual(now.template, template) && isDeepStrictEqual(promotionOn(now), before);
      if (!isSame || !isItsTraffic(now, state))
        throw new Superseded(now, () => `${changedBy(now)} in the meantime`);
    };
    const next = ownedNow(state);
    const book = { ...noting(next), permit };
    const service = await carryOut(
      tagged === pair.canary
        ? writeAnnotations(openApi, book)
        : tagRevision(openApi, location, { tag, revision: pair.canary }, book),
    );
    state = next;
    const url = service.served.find((target) => target.tag === tag)?.url;
    if (url !== undefined) return url;
    throw new UserError(
      `the service was changed, but the platform gave the tag ${tag} no URL, so the candidate cannot be checked`,
      {
        hint: `No traffic was shifted. The same command tries again. To see how the service stands:\n  ${serviceCommand(location, 'canary-rollout', ['status'])}`,
      },
    );
  }

  async function renew(): Promise<void> {
    if (state.owner === undefined || state.owner.until - nowMs() > SPARE_MS) return;
    const next = ownedNow(state);
    const written = await orFailure(() => carryOut(sendAnnotations(openApi, noting(next))));
    if (written instanceof Superseded) throw written;
    // If this failed, the next poll tries again.
    if (!(written instanceof UserError)) state = next;
  }

  async function shiftTo(next: number): Promise<Shift> {
    const before = splitOf(state);
    for (let attempt = 1; ; attempt += 1) {
      const promotion = ownedNow({
        ...state,
        begun: [...state.begun, { percent: next, at: nowMs() }],
      });
      const { skipMaintenanceCheck } = settings;
      const shares = splitOf(promotion);
      const bookkeeping = noting(promotion);
      try {
        const change = await carryOut(
          setTraffic(openApi, location, shares, { skipMaintenanceCheck, bookkeeping }),
        );
        state = promotion;
        return { state: 'served', change };
      } catch (error) {
        if (!(error instanceof UserError) || error instanceof Superseded) throw error;
        const now = await readPatiently();
        requireOurs(now);
        // The split may be served in spite of the error, if only an answer was lost or the wait for the split was cut
        // short.
        if (percent() === next && isServed(now, shares))
          return { state: 'served', change: { service: now.name, before, after: shares } };
        if (!isTemporary(error) || attempt === MOST_ATTEMPTS)
          return { state: 'refused', why: errorMessage(error), isItsFault: kindOf(error) === '' };
        await tell({ kind: 'promotionWarned', warning: `${errorMessage(error)}; trying again` });
        await pause();
        if (signal.aborted) return { state: 'interrupted' };
      }
    }
  }

  async function giveBack(why: string, isItsFault: boolean): Promise<TrafficChange> {
    const failure = { revision: pair.canary, at: new Date(nowMs()).toISOString(), why };
    const bookkeeping: Bookkeeping = {
      permit: requireOurs,
      annotations: ({ annotations }) => {
        const rest = withPromotion(annotations, undefined);
        return isItsFault ? withFailure(rest, failure) : rest;
      },
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        const options = { skipMaintenanceCheck: true, bookkeeping };
        const found = attempt === 1 ? undefined : await findReturned(isItsFault ? failure : undefined);
        return found ?? (await carryOut(rollback(openApi, location, pair.stable, options)));
      } catch (error) {
        if (!(error instanceof UserError) || error instanceof Superseded) throw error;
        if (!isTemporary(error) || attempt === MOST_ATTEMPTS || signal.aborted) {
          throw new UserError(
            `${pair.canary} must be rolled back (${why}), but the traffic could not be moved: ${error.message}`,
            {
              hint: `It may still have ${percent()} %. Roll it back by hand now:\n  ${serviceCommand(location, 'canary-rollout', ['rollback', pair.stable])}`,
              cause: error,
            },
          );
        }
        await tell({
          kind: 'promotionWarned',
          warning: `the traffic is not back yet: ${error.message}; trying again`,
        });
        await pause();
      }
    }
  }

  /**
   * Finds out whether an earlier attempt rolled back although its answer was lost. In that case, another attempt would
   * find no promotion on the service and conclude that somebody else has changed the service.
   */
  async function findReturned(failure: FailedCandidate | undefined): Promise<TrafficChange | undefined> {
    const after = [{ revision: pair.stable, percent: 100 }];
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const now = await api.read();
      requireSameService(subject.service, now);
      if (promotionOn(now) !== undefined || (failure && failureOf(now, pair.canary)?.at !== failure.at))
        return undefined;
      if (isServed(now, after)) return { service: now.name, before: splitOf(state), after };
      await pause();
    }
    throw new UserError('Cloud Run accepted the change and still serves another split');
  }

  async function release({ forget }: { forget: boolean }): Promise<void> {
    const { owner: _, ...free } = state;
    const book = noting(forget ? undefined : free);
    const isFree = (now: Service): boolean =>
      forget ? promotionOn(now) === undefined : promotionOn(now)?.owner === undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        // An earlier attempt, whose answer was lost, may have released the promotion.
        if (attempt > 1 && isFree(await api.read())) return;
        await carryOut(
          forget && !state.hadTag
            ? untagRevision(openApi, location, tag, book)
            : writeAnnotations(openApi, book),
        );
        return;
      } catch (error) {
        if (!(error instanceof UserError) || error instanceof Superseded) throw error;
        if (isTemporary(error) && attempt < ATTEMPTS_TO_LET_GO && !signal.aborted) {
          await pause();
          continue;
        }
        return tell({
          kind: 'promotionWarned',
          warning: `the notes about this promotion stay on the service: ${error.message}`,
        });
      }
    }
  }

  async function readPatiently(): Promise<Service> {
    for (let attempt = 1; ; attempt += 1) {
      const read = await orFailure(() => api.read());
      if (!(read instanceof UserError)) return read;
      if (attempt === MOST_ATTEMPTS || signal.aborted) throw read;
      await pause();
    }
  }
}

function isServed({ served, latestReadyRevision }: Service, asked: readonly Share[]): boolean {
  const shareOf = (name: string) =>
    served
      .filter(({ revision }) => (revision ?? latestReadyRevision) === name)
      .reduce((sum, { percent }) => sum + percent, 0);
  return asked.every(({ revision, percent }) => shareOf(revision) === percent);
}
