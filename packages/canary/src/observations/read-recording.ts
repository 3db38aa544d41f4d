import { cleanLine, UserError } from '@deploy/cli';
import type {
  LatencyHistogram,
  Limits,
  Minute,
  Observation,
  PathFailures,
  Recording,
} from '../verdict/observation.ts';

const defaultSteps: readonly number[] = [5, 25, 50, 100];

/**
 * Checks a document of recorded observations for `judge --file`. Missing limits are taken from `byDefault`; null counts
 * as missing. Throws a UserError with exit code 2 that names the first wrong place. Written by hand for speed: with a
 * schema library, this check alone took longer than a whole verdict may take.
 */
export function readRecording(document: unknown, byDefault: Limits): Recording {
  const fields = record(document, 'the document');
  const steps = fields.steps == null ? defaultSteps : readSteps(fields.steps);
  const { windowMinutes } = fields;
  const first = fields.step == null ? steps[0] : fields.step;
  return {
    steps,
    ...(windowMinutes == null ? {} : { windowMinutes: positive(windowMinutes, 'windowMinutes') }),
    limits: readLimits(fields.limits, byDefault),
    affinity: fields.affinity == null ? false : boolean(fields.affinity, 'affinity'),
    history: fields.history == null ? [] : readHistory(fields.history),
    minutes: readMinutes(fields.minutes, steps, first),
  };
}

function readSteps(value: unknown): readonly number[] {
  const steps = list(value, 'steps').map((step, i) => percent(step, `steps[${i}]`));
  if (steps.length === 0)
    refuse('steps', 'is empty', 'list the percentages of the steps, such as [5,25,50,100]');
  for (const [i, step] of steps.entries()) {
    if (i > 0 && step <= (steps[i - 1] ?? 0))
      refuse(`steps[${i}]`, `is ${step}`, 'each step must be higher than the one before');
  }
  return steps;
}

function readLimits(value: unknown, byDefault: Limits): Limits {
  if (value == null) return byDefault;
  const given = record(value, 'limits');
  const limits = { ...byDefault };
  for (const name of Object.keys(byDefault) as (keyof Limits)[]) {
    if (given[name] != null) limits[name] = number(given[name], `limits.${name}`);
  }
  if (limits.falseAlarmPercent <= 0 || limits.falseAlarmPercent > 100)
    refuse('limits.falseAlarmPercent', `is ${limits.falseAlarmPercent}`, 'it must be above 0, at most 100');
  if (limits.max5xxPercent <= 0 || limits.max5xxPercent > 100)
    refuse('limits.max5xxPercent', `is ${limits.max5xxPercent}`, 'it must be above 0, at most 100');
  return limits;
}

function readHistory(value: unknown): Observation[] {
  return list(value, 'history').map((minute, i) => readObservation(minute, 'history', i, ''));
}

function readMinutes(value: unknown, steps: readonly number[], byDefault: unknown): Minute[] {
  let reached = 0;
  return list(value, 'minutes').map((entry, i) => {
    const { step: own, stable, canary } = record(entry, 'minutes', i);
    const step = own ?? byDefault;
    const index = steps.indexOf(step as number);
    if (index === -1)
      refuse(place('minutes', i, '.step'), `is ${shown(step)}`, `the steps are ${steps.join(', ')}`);
    if (index < reached)
      refuse(place('minutes', i, '.step'), `is ${shown(step)}`, 'a promotion does not go back a step');
    reached = index;
    const percent = steps[index] ?? 0;
    const candidate = readObservation(canary, 'minutes', i, '.canary');
    if (stable == null && percent === 100) return { step: percent, canary: candidate };
    return { step: percent, stable: readObservation(stable, 'minutes', i, '.stable'), canary: candidate };
  });
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readObservation(value: unknown, at: string, i: number, side: string): Observation {
  const fields = record(value, at, i, side);
  const requests = count(fields.requests, at, i, side, '.requests');
  const errors = count(fields.errors, at, i, side, '.errors');
  if (errors > requests)
    refuse(place(at, i, side, '.errors'), `is ${errors}`, `there were ${requests} requests`);
  const read: Mutable<Observation> = { requests, errors };
  const { latency, signIn, syncToken, pages, routeDecisions, unreadableDecisions, ready, smokePassed } =
    fields;
  if (latency != null) read.latency = readLatency(latency, at, i, side);
  if (signIn != null) read.signIn = readPathFailures(signIn, at, i, `${side}.signIn`);
  if (syncToken != null) read.syncToken = readPathFailures(syncToken, at, i, `${side}.syncToken`);
  if (pages != null) read.pages = count(pages, at, i, side, '.pages');
  if (routeDecisions != null) read.routeDecisions = count(routeDecisions, at, i, side, '.routeDecisions');
  if (unreadableDecisions != null)
    read.unreadableDecisions = count(unreadableDecisions, at, i, side, '.unreadableDecisions');
  if (ready != null) read.ready = boolean(ready, place(at, i, side, '.ready'));
  if (smokePassed != null) read.smokePassed = boolean(smokePassed, place(at, i, side, '.smokePassed'));
  return read;
}

function readPathFailures(value: unknown, at: string, i: number, side: string): PathFailures {
  const fields = record(value, at, i, side);
  const requests = count(fields.requests, at, i, side, '.requests');
  const failures = count(fields.failures, at, i, side, '.failures');
  if (failures > requests)
    refuse(place(at, i, side, '.failures'), `is ${failures}`, `there were ${requests} requests`);
  if (fields.serverErrors == null) return { requests, failures };
  const serverErrors = count(fields.serverErrors, at, i, side, '.serverErrors');
  if (serverErrors > failures)
    refuse(place(at, i, side, '.serverErrors'), `is ${serverErrors}`, `there were ${failures} failures`);
  return { requests, failures, serverErrors };
}

function readLatency(value: unknown, at: string, i: number, side: string): LatencyHistogram {
  const fields = record(value, at, i, side, '.latency');
  const bounds = Array.isArray(fields.boundsMs) ? fields.boundsMs : undefined;
  const counts = Array.isArray(fields.counts) ? fields.counts : undefined;
  if (bounds === undefined)
    refuse(place(at, i, side, '.latency.boundsMs'), `is ${shown(fields.boundsMs)}`, 'it must be a list');
  if (counts === undefined)
    refuse(place(at, i, side, '.latency.counts'), `is ${shown(fields.counts)}`, 'it must be a list');
  if (counts.length !== bounds.length + 1)
    refuse(
      place(at, i, side, '.latency.counts'),
      `has ${counts.length} entries`,
      `${bounds.length} bounds need ${bounds.length + 1}: the last one counts what lies above the last bound`,
    );
  for (let j = 0; j < bounds.length; j++) {
    const bound: unknown = bounds[j];
    if (
      !(typeof bound === 'number' && Number.isFinite(bound) && bound > (j === 0 ? 0 : Number(bounds[j - 1])))
    )
      refuse(
        place(at, i, side, `.latency.boundsMs[${j}]`),
        `is ${shown(bound)}`,
        'bounds are rising numbers above 0',
      );
  }
  for (let j = 0; j < counts.length; j++) {
    if (!isCount(counts[j])) count(counts[j], at, i, side, `.latency.counts[${j}]`);
  }
  return { boundsMs: bounds as number[], counts: counts as number[] };
}

function record(value: unknown, ...at: Place): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  return refuse(place(...at), value == null ? 'is missing' : `is ${shown(value)}`, 'it must be an object');
}

function list(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value;
  return refuse(name, value == null ? 'is missing' : `is ${shown(value)}`, 'it must be a list');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function count(value: unknown, ...at: Place): number {
  if (isCount(value)) return value;
  return refuse(
    place(...at),
    value == null ? 'is missing' : `is ${shown(value)}`,
    'it must be a whole number, 0 or more',
  );
}

function number(value: unknown, name: string): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  return refuse(name, `is ${shown(value)}`, 'it must be a number, 0 or more');
}

function positive(value: unknown, name: string): number {
  if (isCount(value) && value > 0) return value;
  return refuse(name, `is ${shown(value)}`, 'it must be a whole number above 0');
}

function percent(value: unknown, name: string): number {
  if (isCount(value) && value > 0 && value <= 100) return value;
  return refuse(name, `is ${shown(value)}`, 'a step is a whole percentage from 1 to 100');
}

function boolean(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value;
  return refuse(name, `is ${shown(value)}`, 'it must be true or false');
}

// The parts of the path to a value. They are joined only for an error message, because joining them for every value
// would take time.
type Place = readonly [name: string, index?: number, ...rest: string[]];

function place(...[name, index, ...rest]: Place): string {
  return index === undefined ? name : `${name}[${index}]${rest.join('')}`;
}

function shown(value: unknown): string {
  return cleanLine(JSON.stringify(value) ?? 'missing', 60);
}

function refuse(where: string, what: string, hint: string): never {
  throw new UserError(`${where} ${what}: ${hint}`, { exitCode: 2 });
}
