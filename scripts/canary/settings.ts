import type { Limits } from '@deploy/canary/verdict';
import {
  decimalNumber,
  duration,
  oneOf,
  outputFormat,
  type Setting,
  UserError,
  wholeNumber,
} from '@deploy/cli';

/** The limits for a canary, and how to show the verdict. */
export const judgeSettings = {
  max5xxPercent: decimalNumber(
    'CANARY_MAX_5XX_PERCENT',
    { min: 0.01, max: 100, default: 1 },
    'judge, promote: the percentage of 5xx answers that the canary must stay below',
  ),
  maxP95IncreasePercent: decimalNumber(
    'CANARY_MAX_P95_INCREASE_PERCENT',
    { min: 0, max: 1000, default: 20 },
    "judge, promote: by what percentage the canary's p95 latency may exceed stable's",
  ),
  p95FloorMs: decimalNumber(
    'CANARY_P95_FLOOR_MS',
    { min: 0, max: 60_000, default: 25 },
    'judge, promote: differences in p95 below this many milliseconds are noise',
  ),
  minRequests: wholeNumber(
    'CANARY_MIN_REQUESTS',
    { min: 0, max: 1_000_000_000, default: 100 },
    'judge, promote: requests the canary must have served in all before the step to 100 %; a step to 25 % needs 25 % of them',
  ),
  falseAlarmPercent: decimalNumber(
    'CANARY_FALSE_ALARM_PERCENT',
    { min: 0.0001, max: 50, default: 1 },
    'judge, promote: at most this percentage of good candidates may be rolled back by mistake',
  ),
  canaryFormat: outputFormat(
    'CANARY_FORMAT',
    'how a verdict is shown; auto: text for a single verdict on a terminal, otherwise JSON',
  ),
};

/** Picks the limits out of all settings. */
export function limitsOf({
  max5xxPercent,
  maxP95IncreasePercent,
  p95FloorMs,
  minRequests,
  falseAlarmPercent,
}: Limits): Limits {
  return { max5xxPercent, maxP95IncreasePercent, p95FloorMs, minRequests, falseAlarmPercent };
}

const MINUTE_MS = 60_000;

/** How long to watch a canary, and which source to read. */
export const observationSettings = {
  steps: percents(
    'CANARY_STEPS',
    '5,25,50,100',
    "judge, promote: the canary's percentage of the traffic in each step, rising, ending with 100",
  ),
  windowMinutes: wholeMinutes(
    'CANARY_WINDOW',
    '10m',
    'promote: how long each step is watched; judge: how far back it looks',
  ),
  source: oneOf(
    'CANARY_SOURCE',
    ['auto', 'logs', 'monitoring'],
    "where to read a canary's requests: request logs (exact, and seconds old), monitoring (metrics, minutes old, for any number of requests) or auto (logs, unless there are too many or they cannot be read)",
  ),
};

/** A time span of whole minutes, at most an hour; the value is in minutes. */
export function wholeMinutes(name: string, defaultText: string, meaning: string): Setting<number> {
  const inMs = duration(name, defaultText, meaning);
  return {
    ...inMs,
    parse(value) {
      const minutes = inMs.parse(value) / MINUTE_MS;
      if (Number.isInteger(minutes) && minutes >= 1 && minutes <= 60) return minutes;
      throw new UserError(`${name} is "${value}", but must be whole minutes, from 1m to 60m`);
    },
  };
}

function percents(name: string, defaultText: string, meaning: string): Setting<readonly number[]> {
  return {
    name,
    meaning,
    defaultText,
    parse(value = defaultText) {
      const steps = value.split(',').map((step) => (/^[1-9]\d{0,2}$/.test(step) ? Number(step) : Number.NaN));
      const isRising = steps.every((step, i) => step > (steps[i - 1] ?? 0));
      if (isRising && steps.at(-1) === 100) return steps;
      throw new UserError(
        `${name} is ${JSON.stringify(value.slice(0, 60))}, but must be rising whole percentages that end with 100`,
        { hint: `For instance: ${name}=${defaultText}` },
      );
    },
  };
}
