import { gcloudCommand, UserError } from '@deploy/cli';
import { serviceCommand } from '@deploy/cloudrun';
import { MINUTE_MS } from '../cloud/minutes.ts';
import type { Verdict } from '../verdict/judge.ts';
import { unfinishedPromotion } from './bookkeeping.ts';
import {
  findSubject,
  hasAffinity,
  isOneInstance,
  isOneInstanceAtFirst,
  pairOf,
  type Subject,
} from './candidate.ts';
import { type CandidateChecks, candidateChecks, type FailedChecks } from './candidate-checks.ts';
import { type Decision, isOnwards } from './decide.ts';
import type { PromotionOutcome } from './events.ts';
import { cannotRead } from './failed-calls.ts';
import { type Hold, holdOn } from './hold.ts';
import { awaitMovedTag, findEarlierCandidate } from './moved-tag.ts';
import { requireUnowned } from './ownership.ts';
import type { PromotionSource, WalkRequest } from './request.ts';
import { awaitOtherChange, Superseded } from './superseded.ts';
import { openWatch, type Watch } from './watch.ts';

/**
 * Raises a candidate to 100 % of the traffic, and rolls it back if it is worse than stable. Throws a UserError if it
 * cannot begin. Once begun, it always returns an outcome, unless a rollback fails: then it throws.
 */
export async function walkPromotion(request: WalkRequest): Promise<PromotionOutcome> {
  const outcome = await walk(request);
  await request.tell({ kind: 'promotionEnded', outcome });
  return outcome;
}

async function walk(request: WalkRequest): Promise<PromotionOutcome> {
  const { api, settings } = request;
  const { retry, skipMaintenanceCheck } = settings;
  const service = await api.read();
  const subject = await findSubject(api, service, {
    ...{ named: request.canary, retry, rolledBack: request.rolledBack },
    skipMaintenanceCheck,
  });
  const serviceUrl = requireUrl(request, subject);
  const source = await request.openSource(subject.stable.name, subject.canary.name);
  if (source.unreadable !== undefined) throw cannotRead(source.unreadable);
  const nowMs = source.now().getTime();
  // Even a promotion of another candidate keeps this one out while somebody runs it.
  const noted = unfinishedPromotion(service);
  if (noted !== undefined) requireUnowned(noted, request.walker, { nowMs, takeOver: settings.takeOver });
  return walkSteps(request, subject, { source, serviceUrl });
}

/** Throws a UserError if the service has no URL: then its tags have none either, and no candidate can be checked. */
function requireUrl({ location }: WalkRequest, subject: Subject): string {
  const { name, url } = subject.service;
  if (url !== undefined) return url;
  const { project, region } = location;
  const { stable, canary } = pairOf(subject);
  const byHand = serviceCommand(location, 'canary-rollout', ['set-traffic', stable, canary, '5']);
  throw new UserError(
    `the default URL of ${name} is disabled, so a tag would have no URL either, and the candidate could not be checked`,
    {
      hint: [
        'Nothing was changed. To enable the URL as long as the promotion lasts:',
        `  ${gcloudCommand(`gcloud run services update ${name} --project ${project} --region ${region} --default-url`)}`,
        'Or to shift the traffic by hand, and check what serves at the address of your load balancer:',
        `  ${byHand}`,
      ].join('\n'),
    },
  );
}

/** A promotion that has begun. */
type Walk = {
  readonly request: WalkRequest;
  readonly subject: Subject;
  readonly serviceUrl: string;
  readonly hold: Hold;
  readonly watch: Watch;
  readonly checks: CandidateChecks;
};

async function walkSteps(
  request: WalkRequest,
  subject: Subject,
  { source, serviceUrl }: { source: PromotionSource; serviceUrl: string },
): Promise<PromotionOutcome> {
  const pair = pairOf(subject);
  const hold = holdOn(request, subject, source);
  const watch = await openWatch(request, subject, { source, hold });
  try {
    if (request.signal.aborted) return { state: 'interrupted', ...pair, percent: hold.percent() };
    const resumedAt = subject.unfinished && hold.percent();
    await request.tell({
      ...{ kind: 'promotionBegun', ...pair, source: source.name, steps: hold.steps },
      ...(resumedAt !== undefined && { resumedAt }),
    });
    await warn(request, subject, hold);
    // Asking about the login may have taken a while.
    if (request.signal.aborted) return { state: 'interrupted', ...pair, percent: hold.percent() };
    const earlier = await findEarlierCandidate(request, subject.service, pair.canary);
    const candidateUrl = await hold.take();
    if (earlier !== undefined) await awaitMovedTag(request, candidateUrl, earlier);
    const checks = candidateChecks(request, {
      ...{ candidate: candidateUrl, service: serviceUrl, earlier },
      instances: { isOne: isOneInstance(subject), isOneAtFirst: isOneInstanceAtFirst(subject) },
    });
    return await takeSteps({ request, subject, serviceUrl, hold, watch, checks });
  } catch (error) {
    if (!(error instanceof Superseded)) throw error;
    const change = await awaitOtherChange(request, error);
    return { state: 'superseded', ...pair, percent: hold.percent(), ...change };
  }
}

async function warn(
  { tell, loginLastsMs, settings }: WalkRequest,
  subject: Subject,
  hold: Hold,
): Promise<void> {
  const say = (warning: string) => tell({ kind: 'promotionWarned', warning });
  const lastsMinutes = Math.floor(((await loginLastsMs?.()) ?? Number.POSITIVE_INFINITY) / MINUTE_MS);
  const longest = stepsLeft(hold).length * settings.maxWindowMinutes;
  if (lastsMinutes < longest) {
    await say(
      `the access token ends in ${lastsMinutes} min, and this may take ${longest} min: after the token has ended, not even a rollback is possible; a login of gcloud, or GOOGLE_APPLICATION_CREDENTIALS, is renewed by itself`,
    );
  }
  if (!hasAffinity(subject)) {
    await say(
      'session affinity is not on for both revisions: the service keeps sign-ins in the memory of one process, so a split breaks them on both; of sign-ins and sync tokens, only 5xx answers are judged',
    );
  }
  const { stable, canary } = pairOf(subject);
  const newest = subject.service.latestCreatedRevision;
  if (newest !== undefined && newest !== canary && newest !== stable)
    await say(`${newest} is newer than the candidate, ${canary}`);
}

async function takeSteps(walk: Walk): Promise<PromotionOutcome> {
  const { request, subject, hold, checks } = walk;
  const { signal } = request;
  const pair = pairOf(subject);
  // If the promotion is resumed at a step, the traffic is already split as that step says.
  let isShifted = hold.percent() > 0;
  if (!isShifted) {
    const failed = await checks.beforeTraffic();
    if (failed !== undefined && !signal.aborted) {
      await hold.forget();
      const { why, hint } = failed;
      return { state: 'not begun', ...pair, why, ...(hint !== undefined && { hint }) };
    }
  } else {
    const ended = await checkResumed(walk);
    if (ended !== undefined) return ended;
  }
  for (const percent of stepsLeft(hold)) {
    // The checks since the last look at the signal may have taken minutes. Whoever pressed Ctrl-C meanwhile wants no more
    // traffic moved.
    if (signal.aborted) return stop(walk);
    const ended = (isShifted ? undefined : await shift(walk, percent)) ?? (await watchStep(walk));
    if (ended !== undefined) return ended;
    isShifted = false;
  }
  await hold.forget();
  return { state: 'promoted', ...pair };
}

function stepsLeft(hold: Hold): number[] {
  return hold.steps.filter((step) => step >= hold.percent());
}

/**
 * Ends an interrupted promotion. The split stays, and anyone may resume there. If no traffic was moved yet, nothing of
 * the promotion stays.
 */
async function stop({ subject, hold }: Walk): Promise<PromotionOutcome> {
  const percent = hold.percent();
  await (percent === 0 ? hold.forget() : hold.letGo());
  return { state: 'interrupted', ...pairOf(subject), percent };
}

/** Gives the candidate its share. If Cloud Run refuses, rolls back and returns how the promotion ended. */
async function shift(walk: Walk, percent: number): Promise<PromotionOutcome | undefined> {
  const { request, hold, watch } = walk;
  const shifted = await hold.shiftTo(percent);
  if (shifted.state === 'refused') return goBack(walk, shifted);
  if (shifted.state === 'interrupted') return undefined;
  watch.beginStep(percent);
  await request.tell({ kind: 'stepBegun', percent, change: shifted.change });
  return undefined;
}

/**
 * Makes the checks at the candidate of a resumed promotion. Returns how the promotion ended if the candidate has broken
 * meanwhile, or cannot be reached from here: then no step could end, and the user learns that at once.
 */
async function checkResumed(walk: Walk): Promise<PromotionOutcome | undefined> {
  const wrong = await walk.checks.beforeResuming();
  if (wrong === undefined || walk.request.signal.aborted) return undefined;
  if (!wrong.isOutOfReach) return carryOut(walk, ruleOn(walk, wrong, { isFinal: true }));
  // Nobody watches a candidate that is held, so its requests so far come first: they may show that it fails.
  const seen = await look(walk);
  if (seen.decision.next === 'rollback') return carryOut(walk, seen);
  const ruling = ruleOn(walk, wrong, { isFinal: true });
  // If the user wants no hold, the step is watched all the same. At its end, the network may be back.
  return ruling.decision.next === 'hold' ? carryOut(walk, ruling) : undefined;
}

/** Watches a step to its end. Returns how the promotion ended, or undefined to continue with the next step. */
async function watchStep(walk: Walk): Promise<PromotionOutcome | undefined> {
  const { request, hold, checks } = walk;
  const { tell, pause, signal } = request;
  for (;;) {
    if (!signal.aborted) await hold.renew();
    if (!signal.aborted) await pause();
    if (signal.aborted) return stop(walk);
    const seen = await look(walk);
    const wrong = isOnwards(seen.decision) ? await checks.beforeNextStep(hold.percent()) : undefined;
    if (signal.aborted && wrong?.isOutOfReach) return stop(walk);
    const ruling = wrong === undefined ? seen : ruleOn(walk, wrong, { isFinal: false });
    if (ruling.decision.next === 'wait') {
      if (wrong !== undefined)
        await tell({ kind: 'promotionWarned', warning: `${ruling.why}; trying again` });
      continue;
    }
    const ended = await carryOut(walk, ruling);
    if (ended !== undefined) return ended;
    if (isOnwards(ruling.decision)) return undefined;
  }
}

/** What becomes of a step, and why. */
type Ruling = {
  readonly verdict: Verdict;
  readonly decision: Decision;
  readonly why: string;
  /** What to do about something that could not be read or reached. */
  readonly hint: string | undefined;
  /** Whether a rollback blames the candidate. */
  readonly isItsFault: boolean;
};

/** Polls once. Returns what to do about what the poll showed. */
async function look({ request, watch }: Walk): Promise<Ruling> {
  const { poll, decision, hint } = await watch.look();
  await request.tell({ kind: 'polled', poll });
  const { verdict } = poll;
  return { verdict, decision, why: verdict.reason, hint, isItsFault: true };
}

function ruleOn({ watch }: Walk, wrong: FailedChecks, { isFinal }: { isFinal: boolean }): Ruling {
  const { hint } = wrong;
  if (wrong.isOutOfReach) {
    const { verdict, decision } = watch.withoutReach(wrong.why, { isFinal });
    return { verdict, decision, why: verdict.reason, hint, isItsFault: false };
  }
  const verdict = watch.withFailedChecks();
  const decision = { next: 'rollback', isOverride: false } as const;
  return { verdict, decision, why: `${verdict.reason} (${wrong.why})`, hint, isItsFault: true };
}

/** Reports a ruling, and rolls back or holds as it says. Returns how the promotion ended, if it did. */
async function carryOut(walk: Walk, ruling: Ruling): Promise<PromotionOutcome | undefined> {
  const { request, subject, hold } = walk;
  const { verdict, decision, why, hint, isItsFault } = ruling;
  const percent = hold.percent();
  const isOverride = 'isOverride' in decision && decision.isOverride;
  await request.tell({ kind: 'stepJudged', percent, verdict, decision: decision.next, isOverride });
  if (decision.next === 'rollback') return goBack(walk, { why, isItsFault });
  if (decision.next !== 'hold') return undefined;
  await hold.letGo();
  return { state: 'held', ...pairOf(subject), percent, why, ...(hint !== undefined && { hint }) };
}

async function goBack(
  { request, subject, serviceUrl, hold, checks }: Walk,
  { why, isItsFault }: { why: string; isItsFault: boolean },
): Promise<PromotionOutcome> {
  const percent = hold.percent();
  const startedMs = performance.now();
  const change = await hold.giveBack(why, isItsFault);
  const tookMs = Math.round(performance.now() - startedMs);
  await request.tell({ kind: 'trafficReturned', change, tookMs });
  await checks.afterRollback();
  const { tag } = hold;
  return { state: 'rolled back', ...pairOf(subject), percent, why, isItsFault, tag, serviceUrl };
}
