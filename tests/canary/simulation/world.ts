import type { Observation } from '@deploy/canary/verdict';
import type { Cell } from './cells.ts';
import type { Random } from './random.ts';

/** Percents of the steps, and the minutes of each window. */
export const STEPS = [5, 25, 50, 100] as const;
export const WINDOW = 10;
const HISTORY = 60;
const BELOW_100 = 3 * WINDOW;

/** Bucket bounds 30 % apart, in milliseconds: fine enough for the limit of 20 %. */
const BOUNDS = Array.from({ length: 22 }, (_, i) => Math.round(20 * 1.3 ** i));
const MEDIAN_MS = 100;
/** Standard deviation of the logarithm of a latency. */
const SPREAD = 0.6;
/** So much slower, 40 % of the requests take longer than 1.2 times the usual p95. */
const SLOW_SPELL = 2.8;

/** The minutes in which the effect of a cell strikes, drawn for each promotion. */
export type Fate = { readonly struck: ReadonlySet<number> };

export function drawFate({ effect }: Cell, random: Random): Fate {
  const among = (from: number, count: number): number => from + Math.floor(random.next() * count);
  switch (effect) {
    case 'slow spells':
      return { struck: new Set(Array.from({ length: 5 }, () => among(1, BELOW_100))) };
    case 'outage of both':
      return { struck: two(among(1, BELOW_100 - 1)) };
    case 'outage of both at 100 %':
      return { struck: two(among(BELOW_100 + 1, WINDOW - 1)) };
    case 'none':
    case 'cold starts':
      return { struck: new Set() };
  }
}

function two(minute: number): Set<number> {
  return new Set([minute, minute + 1]);
}

export function drawHistory(cell: Cell, random: Random): Observation[] {
  return Array.from({ length: HISTORY }, () =>
    drawSide(cell, random, { share: 1, rate: cell.stableRate, slowness: 1 }),
  );
}

/** Both revisions in one minute of the walk; `minute` counts from 1, `minuteOfStep` too. */
export function drawMinute(
  cell: Cell,
  random: Random,
  { struck }: Fate,
  place: { step: number; minute: number; minuteOfStep: number },
): { stable: Observation; canary: Observation } {
  const share = place.step / 100;
  const isStruck = struck.has(place.minute);
  const isOut = isStruck && cell.effect.startsWith('outage');
  const spell = isStruck && cell.effect === 'slow spells' ? SLOW_SPELL : 1;
  const cold = cell.effect === 'cold starts' && place.minuteOfStep === 1 ? 4 : 1;
  const canaryRate = place.minute < cell.badFrom ? cell.stableRate : cell.canaryRate;
  return {
    stable: drawSide(cell, random, { share: 1 - share, rate: isOut ? 20 : cell.stableRate, slowness: spell }),
    canary: drawSide(cell, random, {
      share,
      rate: isOut ? 20 : canaryRate,
      slowness: spell * cold * (cell.slowness ?? 1),
    }),
  };
}

type Side = { share: number; rate: number; slowness: number };

function drawSide(cell: Cell, random: Random, { share, rate, slowness }: Side): Observation {
  const requests = cell.volume * share;
  // What fails comes in clumps, each wholly on one revision: the number of clumps is Poisson, so each side's is.
  const errors = random.poisson((requests * rate) / 100 / cell.clump) * cell.clump;
  const good = requests * (1 - rate / 100);
  if (cell.slowness === undefined) return { requests: errors + random.poisson(good), errors };
  const counts = chancesOf(slowness).map((chance) => random.poisson(requests * chance));
  return {
    requests: errors + random.poisson(good),
    errors,
    latency: { boundsMs: BOUNDS, counts },
  };
}

const chances = new Map<number, number[]>();

/** The chance of each bucket, for a lognormal latency so many times slower. */
function chancesOf(slowness: number): number[] {
  const known = chances.get(slowness);
  if (known !== undefined) return known;
  const below = BOUNDS.map((bound) => normalCdf(Math.log(bound / (MEDIAN_MS * slowness)) / SPREAD));
  const made = [...below, 1].map((chance, i) => chance - (below[i - 1] ?? 0));
  chances.set(slowness, made);
  return made;
}

/** Distribution function of the standard normal distribution, to 1e-7 (Abramowitz & Stegun 26.2.17). */
function normalCdf(z: number): number {
  const t = 1 / (1 + 0.231_641_9 * Math.abs(z));
  const poly =
    t *
    (0.319_381_53 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
  const upper = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return z >= 0 ? 1 - upper : upper;
}
