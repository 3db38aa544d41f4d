import { UserError } from '@deploy/cli';
import { MINUTE_MS } from '../cloud/minutes.ts';
import { isBusy, whyUnseen } from '../observations/silence.ts';
import type { SourceReading } from '../observations/source.ts';
import { judge, type Verdict } from '../verdict/judge.ts';
import { beginPromotion } from '../verdict/promotion.ts';
import { hasAffinity, pairOf, type Subject } from './candidate.ts';
import { type Decision, decide, isOnwards, whenInconclusive } from './decide.ts';
import type { Poll } from './events.ts';
import {
  addReading,
  beginEvidence,
  beginStepAt,
  knownMinutes,
  type PromotionEvidence,
  withLook,
} from './evidence.ts';
import { cannotRead, orFailure } from './failed-calls.ts';
import type { Hold } from './hold.ts';
import type { PromotionSource, WalkRequest } from './request.ts';

/** How long to wait before repeating checks that reached nobody. They take a while, and each one is reported. */
const PAUSE_BETWEEN_CHECKS_MS = MINUTE_MS;

/**
 * How long to wait for something that a poll cannot read before giving up the step, even if the window is long over: after
 * a machine has slept, its network is the last to wake.
 */
const PATIENCE_MS = 5 * MINUTE_MS;

/** At least so many checks must reach nobody, because the machine may sleep between the first and the second. */
const LEAST_CHECKS = 3;

/** What one poll shows, and what to do about it. */
export type Look = {
  readonly poll: Poll;
  readonly decision: Decision;
  /** What to do about a source that could not be read. */
  readonly hint?: string;
};

/** A promotion's view of its two revisions: the minutes so far, and the verdict on them. */
export type Watch = {
  /** Begins a step. Call it as soon as the step's split has come into force. */
  beginStep(percent: number): void;
  /** Checks whether somebody changed the service, whether the candidate is ready, and what both revisions did. */
  look(): Promise<Look>;
  withFailedChecks(): Verdict;
  /**
   * The verdict when the checks reached neither the candidate nor the service. The decision is to wait for some minutes,
   * unless `isFinal`, and then what the user wants if nothing can be decided.
   */
  withoutReach(why: string, options: { isFinal: boolean }): { verdict: Verdict; decision: Decision };
};

/**
 * How many finished minutes have not been read yet, and when that number last fell. If it has not fallen for as long as
 * the longest window lasts, requests come faster than they may be read, and the step waits no longer.
 */
type Backlog = { readonly minutes: number; readonly since: number };

/** Checks that reached nobody. */
type OutOfReach = { readonly count: number; readonly since: number | undefined; readonly last: number };

function noChecks(): OutOfReach {
  return { count: 0, since: undefined, last: Number.NEGATIVE_INFINITY };
}

/**
 * Begins to watch the revisions. Throws a UserError when the requests to the stable revision before the promotion
 * cannot be read.
 */
export async function openWatch(
  { settings, api, tell }: WalkRequest,
  subject: Subject,
  { source, hold }: { source: PromotionSource; hold: Hold },
): Promise<Watch> {
  const pair = pairOf(subject);
  const nowMs = (): number => source.now().getTime();
  let evidence = await beginWithHistory();
  let isExtended = false;
  let backlog: Backlog | undefined;
  /** When the first of the latest failed polls failed; undefined if the last poll read all that it needs. */
  let failingSince: number | undefined;
  let lastLookAt = nowMs();
  let lastGapMs = 0;
  /** How many checks of this step reached nobody, and when the first and the last of them did. */
  let outOfReach = noChecks();

  return {
    look,
    beginStep(percent) {
      evidence = beginStepAt(evidence, { percent, at: nowMs() });
      isExtended = false;
      outOfReach = noChecks();
    },
    withoutReach(why, { isFinal }) {
      const last = nowMs();
      const since = outOfReach.since ?? last;
      const count = outOfReach.count + 1;
      if (!isFinal) outOfReach = { count, since, last };
      const mayPass = !isFinal && (count < LEAST_CHECKS || last - since < PATIENCE_MS);
      const unreadable = `neither it nor the service can be reached from here: ${why}`;
      return {
        verdict: judge(evidence.promotion, { unreadable }),
        decision: mayPass ? { next: 'wait' } : whenInconclusive(hold.percent(), settings),
      };
    },
    withFailedChecks: () => judge(withLook(evidence, evidence.promotion, { smokePassed: false })),
  };

  async function beginWithHistory(): Promise<PromotionEvidence> {
    const before = new Date(hold.startedAt);
    const history = await source.readHistory({ revision: pair.stable, before });
    if (history.state === 'unreadable') throw cannotRead(history);
    const { limits, windowMinutes } = settings;
    const { steps } = hold;
    const affinity = hasAffinity(subject);
    const promotion = beginPromotion({ steps, windowMinutes, limits, affinity }, history.minutes);
    return beginEvidence(promotion, hold.begun(), { nowMs: nowMs(), isBusy: isBusy(history) });
  }

  async function look(): Promise<Look> {
    // Look at the clock before reading the requests. Reading may be slow, and the minutes that pass meanwhile are not
    // in what was read, so they must not count as watched.
    const beganAt = nowMs();
    const watched = (beganAt - evidence.windowFrom) / MINUTE_MS;
    const { service, revision, reading } = await readAll();
    const failures = [service, revision].flatMap((each) => (each instanceof UserError ? each.message : []));
    // Forget what failed before this machine slept. The polls themselves may be as far apart.
    const gapMs = beganAt - lastLookAt;
    if (gapMs > PATIENCE_MS && gapMs > 2 * lastGapMs) failingSince = undefined;
    lastGapMs = gapMs;
    lastLookAt = nowMs();
    const isWhole = reading.state === 'read' && failures.length === 0;
    failingSince = isWhole ? undefined : (failingSince ?? lastLookAt);
    const hasJustFailed = failingSince !== undefined && lastLookAt - failingSince < PATIENCE_MS;
    let ahead = evidence.promotion;
    if (reading.state === 'read') {
      const from = evidence.readUpTo;
      const taken = addReading(evidence, reading);
      evidence = taken.evidence;
      ahead = taken.ahead;
      for (const [i, minute] of taken.minutes.entries()) {
        const startsAt = new Date(from + i * MINUTE_MS).toISOString();
        await tell({ kind: 'minuteObserved', startsAt, minute });
      }
    }
    const { windowMinutes, maxWindowMinutes } = settings;
    // A reading that fails says nothing about the backlog, and must not make its patience begin anew.
    if (reading.state === 'read') backlog = reading.behind === undefined ? undefined : backlogNow();
    const isCatchingUp = backlog !== undefined && nowMs() - backlog.since < maxWindowMinutes * MINUTE_MS;
    const isDown = !(revision instanceof UserError) && revision.ready.state === 'failed';
    const promotion = isDown ? withLook(evidence, ahead, { ready: false }) : ahead;
    const unread =
      reading.state === 'read'
        ? (reading.behind ?? failures[0] ?? whyUnseen(evidence.unseenMinutes))
        : reading.why;
    const unreadable = unread !== undefined && { unreadable: unread };
    const known = knownMinutes(evidence);
    const verdict = judge(promotion, {
      isWindowOver: known >= windowMinutes,
      watchedMinutes: Math.floor(Math.min(Math.max(0, watched), windowMinutes)),
      ...unreadable,
    });
    const percent = hold.percent();
    const decided = decide(
      {
        verdict: verdict.verdict,
        percent,
        knownMinutes: known,
        watchedMinutes: watched,
        isBehind: isCatchingUp || hasJustFailed,
        delayMinutes: Math.ceil(source.delayMs / MINUTE_MS) + 1,
      },
      settings,
    );
    const isPausing = nowMs() - outOfReach.last < PAUSE_BETWEEN_CHECKS_MS;
    // A window is extended only once. If the decision is to extend it again, wait instead.
    const isHeldUp = decided.next === 'extend' ? isExtended : isOnwards(decided) && isPausing;
    const decision: Decision = isHeldUp ? { next: 'wait' } : decided;
    isExtended ||= decided.next === 'extend';
    const longest = isExtended ? maxWindowMinutes : windowMinutes;
    const poll = {
      ...{ percent, steps: hold.steps, promotion, verdict, decision: decision.next },
      // Never more than the window. After the window ends, the step still waits for late log entries, and that time
      // does not count as watched.
      watchedMinutes: Math.min(watched, longest),
      ...{ windowMinutes: longest, isExtended },
      ...unreadable,
    };
    const { hint } = reading;
    return { poll, decision, ...(hint !== undefined && { hint }) };
  }

  function backlogNow(): Backlog {
    const minutes = Math.floor((nowMs() - evidence.readUpTo) / MINUTE_MS);
    return backlog === undefined || minutes < backlog.minutes ? { minutes, since: nowMs() } : backlog;
  }

  async function readAll() {
    const [service, revision, reading] = await Promise.all([
      orFailure(() => api.read()),
      orFailure(() => api.readRevision(pair.canary)),
      readUpToNow(),
    ]);
    if (!(service instanceof UserError)) hold.requireOurs(service);
    return { service, revision, reading };
  }

  /**
   * Reads the minutes up to the present. After this machine has slept, the time to read up to is long past, and only the
   * answer says so. Then this reads once more, because nothing may be decided without the minutes in between.
   */
  async function readUpToNow(): Promise<SourceReading> {
    const read = async () => {
      const to = new Date(Math.ceil(nowMs() / MINUTE_MS + 1) * MINUTE_MS);
      const reading = await source.read({ ...pair, from: new Date(evidence.readUpTo), to });
      // Do not repeat a reading that is behind: it has used up the reads that a second one would need.
      const isWhole = reading.state === 'read' && reading.behind === undefined;
      return { reading, isPast: isWhole && nowMs() > to.getTime() };
    };
    const first = await read();
    return first.isPast ? (await read()).reading : first.reading;
  }
}
