import { decimalNumber, oneOf, wholeNumber } from '@deploy/cli';

/** What a canary is judged by, and how the verdict is shown. */
export const judgeSettings = {
  max5xxPercent: decimalNumber(
    'CANARY_MAX_5XX_PERCENT',
    { min: 0.01, max: 100, default: 1 },
    'canary: the share of 5xx it must stay below',
  ),
  maxP95IncreasePercent: decimalNumber(
    'CANARY_MAX_P95_INCREASE_PERCENT',
    { min: 0, max: 1000, default: 20 },
    'canary: how much its p95 latency may be above that of stable',
  ),
  p95FloorMs: decimalNumber(
    'CANARY_P95_FLOOR_MS',
    { min: 0, max: 60_000, default: 25 },
    'canary: a difference in p95 below so many milliseconds is noise',
  ),
  minRequests: wholeNumber(
    'CANARY_MIN_REQUESTS',
    { min: 0, max: 1_000_000_000, default: 100 },
    "canary: times the next step's share, the requests it must have had before it can be healthy",
  ),
  falseAlarmPercent: decimalNumber(
    'CANARY_FALSE_ALARM_PERCENT',
    { min: 0.0001, max: 50, default: 1 },
    'canary: the most that good ones may be rolled back, a whole promotion',
  ),
  canaryFormat: oneOf(
    'CANARY_FORMAT',
    ['auto', 'text', 'json'],
    'how a verdict is shown; auto: text on a terminal, JSON elsewhere and for many documents',
  ),
};
