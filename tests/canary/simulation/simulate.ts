import {
  addMinute,
  beginPromotion,
  isUnhealthy,
  judge,
  type Observation,
  type Promotion,
} from '@deploy/canary/verdict';
import { defaultLimits } from '../../support/limits.ts';
import type { Cell } from './cells.ts';
import { type Random, randomFrom } from './random.ts';
import { drawFate, drawHistory, drawMinute, STEPS, WINDOW } from './world.ts';

/** What became of the promotions of a cell. */
export type CellResult = {
  readonly promotions: number;
  readonly rolledBack: number;
  /** Rolled back at the step of 100 %, where the candidate is compared with the past. */
  readonly rolledBackAt100: number;
  readonly held: number;
  /** Rolled back by the plain reading of the runbook: 5xx of the step so far at 1 % or more, looked at every minute. */
  readonly plainRolledBack: number;
  /** `byMinute[i]`: how many were rolled back in minute i of the walk. */
  readonly byMinute: readonly number[];
  /** Failures that clients got from the candidate until it was rolled back, one number a promotion that was. */
  readonly badAnswers: readonly number[];
};

const MAX_WINDOW = 3 * WINDOW;
/** Looks in a minute, five seconds apart. */
const LOOKS = 12;
const PLAN = { steps: STEPS, windowMinutes: WINDOW, limits: defaultLimits, affinity: false };

export function simulateCell(cell: Cell, promotions: number): CellResult {
  const random = randomFrom(cell.name);
  const byMinute: number[] = [];
  const badAnswers: number[] = [];
  const counts = { rolledBackAt100: 0, held: 0, plainRolledBack: 0 };
  for (let i = 0; i < promotions; i++) {
    const outcome = WALKS[cell.walk](cell, random);
    if (outcome.isHeld) counts.held++;
    if (outcome.isPlainlyBad) counts.plainRolledBack++;
    if (outcome.goneAt === undefined) continue;
    if (outcome.goneAt.step === 100) counts.rolledBackAt100++;
    byMinute[outcome.goneAt.minute] = (byMinute[outcome.goneAt.minute] ?? 0) + 1;
    badAnswers.push(outcome.goneAt.badAnswers);
  }
  return {
    promotions,
    rolledBack: badAnswers.length,
    ...counts,
    byMinute: Array.from(byMinute, (count) => count ?? 0),
    badAnswers,
  };
}

type Outcome = {
  goneAt?: { minute: number; step: number; badAnswers: number };
  isHeld?: boolean;
  isPlainlyBad?: boolean;
};

const WALKS = { straight: walkStraight, holding: walkHolding, polled: walkPolled };

function walkStraight(cell: Cell, random: Random): Outcome {
  const fate = drawFate(cell, random);
  let promotion = beginPromotion(PLAN, drawHistory(cell, random));
  let badAnswers = 0;
  let isPlainlyBad = false;
  let goneAt: Outcome['goneAt'];
  for (const step of STEPS) {
    for (let minuteOfStep = 1; minuteOfStep <= WINDOW; minuteOfStep++) {
      const minute = promotion.minute + 1;
      const sides = drawMinute(cell, random, fate, { step, minute, minuteOfStep });
      promotion = addMinute(promotion, { step, ...sides });
      badAnswers += sides.canary.errors;
      const { failed, requests } = promotion.errors.canary;
      isPlainlyBad ||= requests > 0 && failed * 100 >= requests * defaultLimits.max5xxPercent;
      if (goneAt === undefined && isUnhealthy(promotion)) goneAt = { minute, step, badAnswers };
      if (goneAt !== undefined && isPlainlyBad) return { goneAt, isPlainlyBad };
    }
  }
  return { ...(goneAt && { goneAt }), isPlainlyBad };
}

function walkHolding(cell: Cell, random: Random): Outcome {
  const fate = drawFate(cell, random);
  let promotion: Promotion = beginPromotion(PLAN, drawHistory(cell, random));
  let badAnswers = 0;
  for (const step of STEPS) {
    for (let minuteOfStep = 1; ; minuteOfStep++) {
      const minute = promotion.minute + 1;
      const sides = drawMinute(cell, random, fate, { step, minute, minuteOfStep });
      promotion = addMinute(promotion, { step, ...sides });
      badAnswers += sides.canary.errors;
      if (isUnhealthy(promotion)) return { goneAt: { minute, step, badAnswers } };
      if (minuteOfStep < WINDOW) continue;
      if (judge(promotion).verdict === 'healthy') break;
      if (minuteOfStep === MAX_WINDOW) return { isHeld: true };
    }
  }
  return {};
}

function walkPolled(cell: Cell, random: Random): Outcome {
  const fate = drawFate(cell, random);
  const slice = { ...cell, volume: cell.volume / LOOKS };
  let promotion: Promotion = beginPromotion(PLAN, drawHistory(cell, random));
  let badAnswers = 0;
  for (const step of STEPS) {
    for (let minuteOfStep = 1; minuteOfStep <= WINDOW; minuteOfStep++) {
      const minute = promotion.minute + 1;
      let ahead = addMinute(promotion, { step, stable: NOTHING, canary: NOTHING });
      let seen = { stable: NOTHING, canary: NOTHING };
      for (let look = 1; look <= LOOKS; look++) {
        const drawn = drawMinute(slice, random, fate, { step, minute, minuteOfStep });
        badAnswers += drawn.canary.errors;
        if (random.next() * 100 < cell.lostPercent) continue;
        seen = { stable: sum(seen.stable, drawn.stable), canary: sum(seen.canary, drawn.canary) };
        ahead = addMinute(promotion, { step, ...seen });
        if (isUnhealthy(ahead)) return { goneAt: { minute, step, badAnswers } };
      }
      promotion = ahead;
    }
  }
  return {};
}

const NOTHING: Observation = { requests: 0, errors: 0 };

function sum(a: Observation, b: Observation): Observation {
  return { requests: a.requests + b.requests, errors: a.errors + b.errors };
}
