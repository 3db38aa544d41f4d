import { type Action, errorMessage, UserError } from '@deploy/cli';
import {
  type Bookkeeping,
  changedBy,
  putDown,
  rollback,
  type Service,
  type ServiceApi,
  type ServiceLocation,
  type Share,
  serviceCommand,
  setTraffic,
  type TrafficChange,
  tagRevision,
  untagRevision,
} from '@deploy/cloudrun';
import type { ObservationSource, Unreadable } from '../observations/source.ts';
import { beginPromotion, type Promotion } from '../promotion.ts';
import { judge, type Verdict } from '../verdict.ts';
import {
  type FailedCandidate,
  failureOf,
  isItsTraffic,
  type PromotionState,
  promotionOn,
  splitOf,
  withFailure,
  withPromotion,
} from './bookkeeping.ts';
import { findSubject, type RolledBack, type Subject } from './candidate.ts';
import { type Decision, decide } from './decide.ts';
import type { PromotionEvent, PromotionOutcome, SmokeLook, StageLook } from './events.ts';
import {
  beginEvidence,
  beginStepAt,
  knownMinutes,
  type PromotionEvidence,
  takeIn,
  withLook,
} from './evidence.ts';
import { requireUndisturbed, requireUnowned, Superseded, type Walker } from './ownership.ts';
import type { WalkSettings } from './plan.ts';

/** The source that a promotion reads, and why it could not be read when it was opened. */
export type PromotionSource = ObservationSource & { readonly unreadable?: Unreadable };

export type WalkRequest = {
  readonly settings: WalkSettings;
  readonly location: ServiceLocation;
  readonly api: ServiceApi;
  /** The candidate, if it was named. */
  readonly canary: string | undefined;
  /** What was rolled back by hand, if anything: it is refused as a candidate unless `settings.retry` says otherwise. */
  readonly rolledBack?: RolledBack | undefined;
  readonly walker: Walker;
  openSource(stable: string, canary: string): Promise<PromotionSource>;
  /** Makes the smoke checks at a URL that leads to the candidate, or to the service. Never throws because of what it finds. */
  smoke(url: string, of: 'candidate' | 'service'): Promise<SmokeLook>;
  /** Makes the runbook's checks after a stage at the candidate's own URL. Never throws because of what it finds. */
  checkStage(url: string): Promise<StageLook>;
  /** Announces an action and performs it. */
  perform<T>(action: Action<T>): Promise<T>;
  /** Waits until the next look; ends early when the signal aborts. */
  pause(): Promise<void>;
  readonly signal: AbortSignal;
  /** Called with every event, and awaited. */
  tell(event: PromotionEvent): Promise<void>;
};

const MINUTE_MS = 60_000;
const HISTORY_MINUTES = 60;
/** For how many polls to keep trying a change that fails temporarily. */
const MOST_ATTEMPTS = 60;
/** For how many polls to keep trying a change that only cleans up. */
const ATTEMPTS_TO_LET_GO = 5;

/**
 * Raises a candidate to 100 % of the traffic, and rolls it back if it is worse than stable. Throws a UserError if it cannot
 * begin. Everything that happens afterwards is an outcome, except a rollback that failed.
 */
export async function walkPromotion(request: WalkRequest): Promise<PromotionOutcome> {
  const outcome = await walk(request);
  await request.tell({ kind: 'promotionEnded', outcome });
  return outcome;
}

async function walk(request: WalkRequest): Promise<PromotionOutcome> {
  const { api, settings } = request;
  const found = await api.read();
  const { retry, skipMaintenanceCheck } = settings;
  const subject = await findSubject(api, found, {
    ...{ named: request.canary, retry, rolledBack: request.rolledBack },
    skipMaintenanceCheck,
  });
  const pair = { stable: subject.stable.name, canary: subject.canary.name };
  const source = await request.openSource(pair.stable, pair.canary);
  if (source.unreadable !== undefined) throw cannotRead(source.unreadable);
  const nowMs = source.now().getTime();
  if (subject.left !== undefined)
    requireUnowned(subject.left, request.walker, { nowMs, takeOver: settings.takeOver });
  const walker = await openWalk(request, subject, source);
  try {
    return await walker.run();
  } catch (error) {
    if (error instanceof Superseded) return walker.superseded(error);
    throw error;
  }
}

/** What one look at everything has shown. */
type Look = {
  readonly verdict: Verdict;
  readonly promotion: Promotion;
  readonly unreadable?: string;
  readonly isBehind: boolean;
};

async function openWalk(request: WalkRequest, subject: Subject, source: PromotionSource) {
  const { api, settings, location, tell, perform, signal } = request;
  const pair = { stable: subject.stable.name, canary: subject.canary.name };
  const openApi = async () => api;
  const ownerId = crypto.randomUUID().slice(0, 8);
  const template = JSON.stringify(subject.service.template);
  const nowMs = (): number => source.now().getTime();
  const owned = (): PromotionState['owner'] => {
    const { account, host, pid } = request.walker;
    const until = nowMs() + settings.maxWindowMinutes * MINUTE_MS + source.delayMs + 5 * MINUTE_MS;
    return { id: ownerId, account, host, pid, until };
  };
  const tagged = subject.service.traffic.find(({ tag }) => tag === settings.tag)?.revision;
  let state: PromotionState = {
    ...(subject.left ?? {
      ...pair,
      startedAt: nowMs(),
      tag: settings.tag,
      hadTag: tagged === pair.canary,
      begun: [],
      start: 1,
    }),
    // A resumed promotion keeps the steps it began with, because its evidence is divided among them.
    steps: subject.left?.steps ?? settings.steps,
  };
  const { steps } = state;
  const percentNow = (): number => state.begun.at(-1)?.percent ?? 0;

  const { evidence: begun } = await beginWithHistory();
  let evidence: PromotionEvidence = begun;

  let isSkipTold = false;

  return { run, superseded };

  async function run(): Promise<PromotionOutcome> {
    await tell({
      kind: 'promotionBegun',
      ...pair,
      source: source.name,
      steps,
      ...(subject.left !== undefined && { resumedAt: percentNow() }),
    });
    await warn();
    const tagUrl = await takeHold();
    const refused = percentNow() === 0 ? await smokeBefore(tagUrl) : undefined;
    if (refused !== undefined) return refused;
    // A resumed promotion is already at a step.
    let isStanding = percentNow() > 0;
    for (const percent of steps.filter((step) => step >= percentNow())) {
      if (!isStanding) {
        const failed = await shiftTo(percent);
        if (failed !== undefined) return goBack(failed.why, failed);
      }
      isStanding = false;
      const ended = await watch(percent, tagUrl);
      if (ended !== undefined) return ended;
    }
    await finish();
    return { state: 'promoted', ...pair };
  }

  async function beginWithHistory(): Promise<{ evidence: PromotionEvidence }> {
    const before = new Date(state.startedAt);
    const history = await source.readHistory({ revision: pair.stable, before, minutes: HISTORY_MINUTES });
    if (history.state === 'unreadable') throw cannotRead(history);
    const { limits, windowMinutes } = settings;
    const affinity = hasAffinity(subject);
    const promotion = beginPromotion({ steps, windowMinutes, limits, affinity }, history.minutes);
    return { evidence: beginEvidence(promotion, state.begun, nowMs()) };
  }

  async function warn(): Promise<void> {
    const say = (warning: string) => tell({ kind: 'promotionWarned', warning });
    if (!hasAffinity(subject)) {
      await say(
        'session affinity is not on for both revisions: sign-ins live in the memory of one process, so a split breaks them on both; only 5xx of sign-in and sync paths are judged',
      );
    }
    const newest = subject.service.latestCreatedRevision;
    if (newest !== undefined && newest !== pair.canary && newest !== pair.stable)
      await say(`${newest} is newer than the candidate, ${pair.canary}`);
  }

  /** Stores the promotion on the service, and adds the tag if the candidate does not have it. Returns the tag's URL. */
  async function takeHold(): Promise<string> {
    const before = JSON.stringify(promotionOn(subject.service));
    const permit = (now: Service): void => {
      const isSame = JSON.stringify(now.template) === template && JSON.stringify(promotionOn(now)) === before;
      if (!isSame || !isItsTraffic(now, state)) throw new Superseded(`${changedBy(now)} in the meantime`);
    };
    const next = { ...state, owner: owned() } as PromotionState;
    const book: Bookkeeping = {
      permit,
      annotations: ({ annotations }) => withPromotion(annotations, next),
    };
    const { tag } = state;
    const service = await perform(
      tagged === pair.canary
        ? putDown(openApi, book)
        : tagRevision(openApi, location, { tag, revision: pair.canary }, book),
    );
    state = next;
    const url = service.served.find((target) => target.tag === tag)?.url;
    if (url !== undefined) return url;
    throw new UserError(
      `the service was changed, but the platform gave the tag ${tag} no URL, so the candidate cannot be checked`,
      { hint: 'No traffic was shifted. Look: canary-rollout.ts status. The same command tries again.' },
    );
  }

  async function smokeTwice(url: string, of: 'candidate' | 'service'): Promise<SmokeLook> {
    const first = await request.smoke(url, of);
    const look = first.passed ? first : await request.smoke(url, of);
    await tell({ kind: 'candidateSmoked', url, look, of });
    return look;
  }

  /**
   * Makes the checks after a stage and returns what failed twice. If the checks are skipped, this tells why only the
   * first time.
   */
  async function checkStage(tagUrl: string): Promise<string | undefined> {
    const first = await request.checkStage(tagUrl);
    const look = first.state === 'failed' ? await request.checkStage(tagUrl) : first;
    if (look.state !== 'skipped' || !isSkipTold)
      await tell({ kind: 'stageChecked', percent: percentNow(), look });
    isSkipTold = look.state === 'skipped';
    return look.state === 'failed' ? look.why : undefined;
  }

  async function smokeBefore(tagUrl: string): Promise<PromotionOutcome | undefined> {
    const look = await smokeTwice(tagUrl, 'candidate');
    const served = await request.smoke(subject.service.url, 'service');
    const failed = look.passed ? await checkStage(tagUrl) : (look.why ?? 'the smoke of the candidate failed');
    if (failed === undefined) {
      await warnOfBuilds(look, served);
      return undefined;
    }
    await letGo({ forget: true, removeTag: !state.hadTag });
    return { state: 'not begun', ...pair, why: failed };
  }

  async function warnOfBuilds(canary: SmokeLook, stable: SmokeLook): Promise<void> {
    const say = (warning: string) => tell({ kind: 'promotionWarned', warning });
    if (canary.buildId === undefined)
      await say(
        'the candidate reports no buildId, so it cannot be verified that the candidate is the one that answers',
      );
    else if (canary.buildId === stable.buildId)
      await say(
        `candidate and stable have the same buildId, ${canary.buildId}, so it cannot be verified that the candidate is the one that answers`,
      );
    else if (
      stable.buildId !== undefined &&
      canary.clients?.min != null &&
      stable.buildId < canary.clients.min
    )
      await say(
        `the candidate's build ${canary.buildId} accepts no clients older than ${canary.clients.min}, and stable's is ${stable.buildId}: pages of both builds break each other during the split`,
      );
  }

  /**
   * Gives the candidate its share. If that fails for good, returns the reason to roll back. A call that was refused says
   * nothing about the candidate.
   */
  async function shiftTo(percent: number): Promise<{ why: string; isItsFault: boolean } | undefined> {
    const before = splitOf(state);
    for (let attempt = 1; ; attempt += 1) {
      const next: PromotionState = {
        ...state,
        begun: [...state.begun, { percent, at: nowMs() }],
        owner: owned() as NonNullable<PromotionState['owner']>,
      };
      const { skipMaintenanceCheck } = settings;
      const shares = splitOf(next);
      const bookkeeping = { permit: requireOurs, annotations: remembering(next) };
      try {
        const change = await perform(
          setTraffic(openApi, location, shares, { skipMaintenanceCheck, bookkeeping }),
        );
        await began(percent, change, next);
        return undefined;
      } catch (error) {
        if (!(error instanceof UserError) || error instanceof Superseded) throw error;
        const now = await readPatiently();
        requireOurs(now);
        // The split is served after all: the answer was lost, or the wait for it ended early.
        if (percentNow() === percent && isServed(now, shares)) {
          await began(percent, { service: now.name, before, after: shares }, state);
          return undefined;
        }
        if (!isPassing(error) || attempt === MOST_ATTEMPTS)
          return { why: errorMessage(error), isItsFault: kindOf(error) === '' };
        await tell({ kind: 'promotionWarned', warning: `${errorMessage(error)}; trying again` });
        await request.pause();
        if (signal.aborted) return undefined;
      }
    }
  }

  async function began(percent: number, change: TrafficChange, next: PromotionState): Promise<void> {
    state = next;
    evidence = beginStepAt(evidence, { percent, at: nowMs() });
    await tell({ kind: 'stepBegun', percent, change });
  }

  /** Watches a step to its end. Returns how the promotion ends, or undefined to continue with the next step. */
  async function watch(percent: number, tagUrl: string): Promise<PromotionOutcome | undefined> {
    let isExtended = false;
    for (;;) {
      if (signal.aborted) return interrupted();
      await request.pause();
      if (signal.aborted) return interrupted();
      // Take the time before asking: the answer may be slow, and minutes that pass meanwhile have not been read, so
      // they are no reason to give up.
      const watched = watchedMinutes();
      const { verdict, promotion, unreadable, isBehind } = await lookAround(watched);
      const decision = decideNow(verdict, { percent, watchedMinutes: watched, isBehind });
      await tell({
        kind: 'polled',
        poll: {
          percent,
          steps,
          promotion,
          verdict,
          decision: decision.next,
          ...windowAt(watched, isExtended || decision.next === 'extend'),
          ...(unreadable !== undefined && { unreadable }),
        },
      });
      if (decision.next === 'wait' || (decision.next === 'extend' && isExtended)) continue;
      if (decision.next === 'advance' || decision.next === 'finish') {
        const look = await smokeTwice(tagUrl, 'candidate');
        const wrong = look.passed ? await checkStage(tagUrl) : (look.why ?? 'no more is known');
        if (wrong !== undefined) {
          const failed = judge(withLook(evidence, evidence.promotion, { smokePassed: false }));
          await judged(percent, failed, { next: 'rollback', isOverride: false });
          return goBack(`${failed.reason} (${wrong})`);
        }
      }
      await judged(percent, verdict, decision);
      switch (decision.next) {
        case 'extend':
          isExtended = true;
          continue;
        case 'rollback':
          return goBack(verdict.reason);
        case 'hold':
          await letGo({});
          return { state: 'held', ...pair, percent, why: verdict.reason };
        default:
          return undefined;
      }
    }
  }

  function judged(percent: number, verdict: Verdict, decision: Decision): Promise<void> {
    const isOverride = 'isOverride' in decision && decision.isOverride;
    return tell({ kind: 'stepJudged', percent, verdict, decision: decision.next, isOverride });
  }

  function decideNow(
    { verdict }: Verdict,
    look: { percent: number; watchedMinutes: number; isBehind: boolean },
  ): Decision {
    const standing = {
      ...look,
      verdict,
      knownMinutes: knownMinutes(evidence),
      delayMinutes: Math.ceil(source.delayMs / MINUTE_MS) + 1,
    };
    return decide(standing, settings);
  }

  /**
   * How much of the window has passed. After its end, a step still waits for the entries of the window's last requests.
   */
  function windowAt(watched: number, isExtended: boolean) {
    const windowMinutes = isExtended ? settings.maxWindowMinutes : settings.windowMinutes;
    return { watchedMinutes: Math.min(watched, windowMinutes), windowMinutes, isExtended };
  }

  function watchedMinutes(): number {
    return (nowMs() - evidence.windowFrom) / MINUTE_MS;
  }

  /** One look at everything: who changed the service, whether the candidate is ready, what both revisions did. */
  async function lookAround(watched: number): Promise<Look> {
    const query = {
      ...pair,
      from: new Date(evidence.readUpTo),
      to: new Date(Math.ceil(nowMs() / MINUTE_MS + 1) * MINUTE_MS),
    };
    const [service, revision, reading] = await Promise.all([
      orFailure(() => api.read()),
      orFailure(() => api.readRevision(pair.canary)),
      source.read(query),
    ]);
    if (!(service instanceof UserError)) requireOurs(service);
    let ahead = evidence.promotion;
    if (reading.state === 'read') {
      const from = evidence.readUpTo;
      const taken = takeIn(evidence, reading);
      evidence = taken.evidence;
      ahead = taken.ahead;
      for (const [i, minute] of taken.minutes.entries()) {
        const startsAt = new Date(from + i * MINUTE_MS).toISOString();
        await tell({ kind: 'minuteObserved', startsAt, minute });
      }
    }
    const isDown = !(revision instanceof UserError) && revision.ready.state === 'failed';
    const promotion = isDown ? withLook(evidence, ahead, { ready: false }) : ahead;
    const failures = [service, revision].flatMap((each) => (each instanceof UserError ? each.message : []));
    const unreadable = reading.state === 'read' ? (reading.behind ?? failures[0]) : reading.why;
    const verdict = judge(promotion, {
      isWindowOver: knownMinutes(evidence) >= settings.windowMinutes,
      watchedMinutes: Math.floor(windowAt(Math.max(0, watched), false).watchedMinutes),
      ...(unreadable !== undefined && { unreadable }),
    });
    const isBehind = reading.state === 'read' && reading.behind !== undefined;
    return { verdict, promotion, isBehind, ...(unreadable !== undefined && { unreadable }) };
  }

  /**
   * Moves all traffic back to stable at once, and remembers the candidate as failed if it was at fault. Keeps trying
   * while another attempt may succeed.
   */
  async function goBack(why: string, { isItsFault } = { isItsFault: true }): Promise<PromotionOutcome> {
    const percent = percentNow();
    const startedMs = performance.now();
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
        const change = found ?? (await perform(rollback(openApi, location, pair.stable, options)));
        await tell({ kind: 'trafficReturned', change, tookMs: Math.round(performance.now() - startedMs) });
        break;
      } catch (error) {
        if (!(error instanceof UserError) || error instanceof Superseded) throw error;
        if (!isPassing(error) || attempt === MOST_ATTEMPTS || signal.aborted) {
          throw new UserError(
            `${pair.canary} must be rolled back (${why}), but the traffic could not be moved: ${error.message}`,
            {
              hint: `It may still have ${percent} %. Roll it back by hand now:\n  ${serviceCommand(location, 'canary-rollout', ['rollback', pair.stable])}`,
              cause: error,
            },
          );
        }
        await tell({
          kind: 'promotionWarned',
          warning: `the traffic is not back yet: ${error.message}; trying again`,
        });
        await request.pause();
      }
    }
    const serviceUrl = subject.service.url;
    await smokeTwice(serviceUrl, 'service');
    return { state: 'rolled back', ...pair, percent, why, isItsFault, tag: state.tag, serviceUrl };
  }

  /**
   * Checks whether an attempt whose answer was lost made the rollback after all. A second attempt would find the promotion
   * gone and take that for somebody else's change.
   */
  async function findReturned(failure: FailedCandidate | undefined): Promise<TrafficChange | undefined> {
    const after = [{ revision: pair.stable, percent: 100 }];
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const now = await api.read();
      if (promotionOn(now) !== undefined || (failure && failureOf(now, pair.canary)?.at !== failure.at))
        return undefined;
      if (isServed(now, after)) return { service: now.name, before: splitOf(state), after };
      await request.pause();
    }
    throw new UserError('the change was accepted and has not settled');
  }

  async function finish(): Promise<void> {
    await letGo({ forget: true, removeTag: !state.hadTag });
  }

  /** Releases the promotion, so that anyone may resume it. `forget` means that it is over. */
  async function letGo({ forget = false, removeTag = false }): Promise<void> {
    const { owner: _, ...free } = state;
    const book: Bookkeeping = {
      permit: requireOurs,
      annotations: ({ annotations }) => withPromotion(annotations, forget ? undefined : free),
    };
    const isFree = (now: Service): boolean =>
      forget ? promotionOn(now) === undefined : promotionOn(now)?.owner === undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        // An earlier attempt whose answer was lost may have released it.
        if (attempt > 1 && isFree(await api.read())) return;
        await perform(removeTag ? untagRevision(openApi, location, state.tag, book) : putDown(openApi, book));
        return;
      } catch (error) {
        if (!(error instanceof UserError) || error instanceof Superseded) throw error;
        if (isPassing(error) && attempt < ATTEMPTS_TO_LET_GO && !signal.aborted) {
          await request.pause();
          continue;
        }
        return tell({
          kind: 'promotionWarned',
          warning: `the notes about this promotion stay on the service: ${error.message}`,
        });
      }
    }
  }

  async function interrupted(): Promise<PromotionOutcome> {
    await letGo({});
    return { state: 'interrupted', ...pair, percent: percentNow() };
  }

  async function superseded(error: Superseded): Promise<PromotionOutcome> {
    return { state: 'superseded', ...pair, percent: percentNow(), why: error.message };
  }

  function requireOurs(now: Service): void {
    state = requireUndisturbed(now, ownerId, template);
  }

  function remembering(next: PromotionState): Bookkeeping['annotations'] {
    return ({ annotations }) => withPromotion(annotations, next);
  }

  function isServed({ served, latestReadyRevision }: Service, asked: readonly Share[]): boolean {
    const shareOf = (name: string) =>
      served
        .filter(({ revision }) => (revision ?? latestReadyRevision) === name)
        .reduce((sum, { percent }) => sum + percent, 0);
    return asked.every(({ revision, percent }) => shareOf(revision) === percent);
  }

  async function readPatiently(): Promise<Service> {
    for (let attempt = 1; ; attempt += 1) {
      const read = await orFailure(() => api.read());
      if (!(read instanceof UserError)) return read;
      if (attempt === MOST_ATTEMPTS || signal.aborted) throw read;
      await request.pause();
    }
  }
}

function hasAffinity({ stable, canary }: Subject): boolean {
  return [stable, canary].every(({ template }) => template.sessionAffinity === true);
}

/** Whether the same change may work later, because nothing was wrong with the change itself. */
function isPassing(error: UserError): boolean {
  return ['unauthenticated', 'unanswered', 'rate-limited', 'conflict'].includes(kindOf(error));
}

/** The kind of the call that failed; empty if none did. */
function kindOf(error: UserError): string {
  const failed = 'kind' in error ? error : error.cause;
  return failed instanceof Error && 'kind' in failed ? String(failed.kind) : '';
}

async function orFailure<T>(read: () => Promise<T>): Promise<T | UserError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

function cannotRead({ why, hint }: { why: string; hint?: string }): UserError {
  return new UserError(`the revisions' requests cannot be read, so nothing can be judged:  ${why}`, {
    hint: hint ?? 'Nothing was changed.',
  });
}
