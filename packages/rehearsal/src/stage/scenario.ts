import { readFile } from 'node:fs/promises';
import { UserError } from '@deploy/cli';
import { type EmulatorOptions, parseRate, type ServiceSeed } from '@deploy/emulator';
import * as v from 'valibot';
import { parse } from 'yaml';
import { IMAGES } from './staging.ts';

const percent = v.pipe(v.number(), v.minValue(0), v.maxValue(100));
const positive = v.pipe(v.number(), v.minValue(0, 'must not be below 0'));

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;
const duration = v.pipe(
  v.string('must be a duration such as 500ms, 2s or 3m'),
  v.regex(DURATION, 'must be a duration such as 500ms, 2s or 3m'),
  v.transform((text) => {
    const [, count = '', unit = ''] = DURATION.exec(text) ?? [];
    return Number(count) * (UNITS_MS[unit] ?? 0);
  }),
);

const rate = v.pipe(
  v.string('must be a rate such as 120/min'),
  v.check((text) => parseRate(text) !== undefined, 'must be a rate such as 120/min or 5/s'),
  v.transform((text) => parseRate(text) ?? 0),
);

const load = v.union(
  [
    v.pipe(
      rate,
      v.transform((perMinute) => ({ perMinute })),
    ),
    v.pipe(
      v.strictObject({ rate, signIn: v.optional(v.boolean()) }),
      v.transform(({ rate: perMinute, signIn: signsIn }) => ({
        perMinute,
        ...(signsIn !== undefined && { signsIn }),
      })),
    ),
  ],
  'must be a rate such as 120/min, or rate and signIn',
);

const image = v.strictObject({
  start: v.optional(v.picklist(['healthy', 'never-ready', 'missing'])),
  errorPercent: v.optional(percent),
  errorClump: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  latencyMs: v.optional(positive),
  latencySpread: v.optional(positive),
  latencyFactor: v.optional(positive),
  failingSignInPercent: v.optional(percent),
  failingSignInStatus: v.optional(v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599))),
  crashAfterMinutes: v.optional(v.pipe(v.number(), v.gtValue(0))),
  noInstancePercent: v.optional(percent),
  noInstanceStatus: v.optional(v.picklist([429, 503])),
});

const service = v.strictObject({
  image: v.optional(v.string()),
  laterImages: v.optional(v.array(v.string())),
  traffic: v.optional(
    v.array(
      v.strictObject({
        revision: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
        percent,
        tag: v.optional(v.string()),
      }),
    ),
  ),
  env: v.optional(v.record(v.string(), v.string())),
  sessionAffinity: v.optional(v.boolean()),
  load: v.optional(load),
});

const scenario = v.strictObject({
  clock: v.optional(v.pipe(v.number(), v.gtValue(0))),
  settle: v.optional(duration),
  logs: v.optional(
    v.strictObject({
      delay: v.optional(duration),
      readsPerMinute: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    }),
  ),
  monitoring: v.optional(
    v.strictObject({ delay: v.optional(duration), ingestDelay: v.optional(v.boolean()) }),
  ),
  services: v.optional(v.record(v.string(), service)),
  images: v.optional(v.record(v.string(), image)),
});

/** How a rehearsal differs from the plain one. `scenarios/sample.yaml` explains every setting. */
export type Scenario = v.InferOutput<typeof scenario>;

/**
 * Reads a scenario's file. Throws a UserError with exit code 2 that names the wrong setting and says what it must be.
 */
export async function readScenario(file: string): Promise<Scenario> {
  const refuse = (why: string): UserError =>
    new UserError(`the scenario ${file}: ${why}`, {
      exitCode: 2,
      hint: 'packages/rehearsal/scenarios/sample.yaml shows what a scenario can say.',
    });
  let given: unknown;
  try {
    given = parse(await readFile(file, 'utf8'));
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw refuse(line.replace(/:$/, ''));
  }
  const result = v.safeParse(scenario, given ?? {});
  if (result.success) return result.output;
  const [issue] = result.issues;
  const where = v.getDotPath(issue) ?? 'the whole';
  throw refuse(
    issue.type === 'strict_object' && issue.expected === 'never'
      ? `there is no setting ${where}`
      : `${where}: ${issue.message}`,
  );
}

/**
 * Applies the scenario to the emulator's options. An image name without a slash is a tag of the control service's
 * image.
 */
export function applyScenario(scenario: Scenario, options: EmulatorOptions): EmulatorOptions {
  const { clock, settle, logs, monitoring, services = {}, images = {} } = scenario;
  const given = (options.services ?? []).filter((each) => 'name' in each);
  const changed = given.map((seed) => withChanges(seed, services[seed.name]));
  const added = Object.entries(services)
    .filter(([name]) => !given.some((seed) => seed.name === name))
    .map(([name, change]) => withChanges({ name, image: fullImage('stable') }, change));
  const byImage = Object.entries(images).map(([name, each]) => [fullImage(name), each] as const);
  return {
    ...options,
    services: [...changed, ...added],
    ...(clock !== undefined && { clockSpeed: clock }),
    ...(settle !== undefined && { reconcileMs: settle }),
    logs: {
      ...options.logs,
      ...(logs?.delay !== undefined && { delayMs: logs.delay }),
      ...(logs?.readsPerMinute !== undefined && { readsPerMinute: logs.readsPerMinute }),
    },
    monitoring: {
      ...options.monitoring,
      ...(monitoring?.delay !== undefined && { delayMs: monitoring.delay }),
      ...(monitoring?.ingestDelay !== undefined && { ingestDelay: monitoring.ingestDelay }),
    },
    images: {
      ...options.images,
      ...Object.fromEntries(byImage.flatMap(([name, { start }]) => (start ? [[name, start]] : []))),
    },
    imageFaults: {
      ...options.imageFaults,
      ...Object.fromEntries(byImage.map(([name, { start: _, ...faults }]) => [name, defined(faults)])),
    },
  };
}

function withChanges(seed: ServiceSeed, change: NonNullable<Scenario['services']>[string] = {}): ServiceSeed {
  const { image, laterImages, traffic, env, sessionAffinity, load } = change;
  return {
    ...seed,
    ...(image !== undefined && { image: fullImage(image) }),
    ...(laterImages !== undefined && { laterImages: laterImages.map(fullImage) }),
    ...(traffic !== undefined && { traffic: traffic.map(defined) }),
    ...(env !== undefined && { env: { ...seed.env, ...env } }),
    ...(sessionAffinity !== undefined && { sessionAffinity }),
    ...(load !== undefined && { load }),
  };
}

function fullImage(name: string): string {
  return name.includes('/') ? name : `${IMAGES}:${name}`;
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** A copy without the keys that are undefined. */
function defined<T extends object>(fields: T): Defined<T> {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  // The cast is safe, because only undefined keys were left out.
  return Object.fromEntries(kept) as Defined<T>;
}
