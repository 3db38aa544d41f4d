import * as v from 'valibot';

/** The version that the scripts write. Version 1 kept some of the same fields, as front matter. */
export const VERSION = 2;

const optional = v.exactOptional;

const time = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.check((text) => !Number.isNaN(Date.parse(text)), 'Invalid timestamp'),
);
const durationMs = v.pipe(v.number(), v.finite(), v.minValue(0));

/** Names are part of the rollback command, so they must not contain anything that is special in a shell. */
const name = v.pipe(
  v.string(),
  v.maxLength(200),
  v.regex(/^[A-Za-z0-9](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?$/, 'Invalid name'),
);

const share = v.strictObject({
  revision: name,
  percent: v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
});
const split = v.array(share);

const gateEntry = v.strictObject({
  gate: v.string(),
  verdict: v.picklist(['passed', 'failed', 'not-run']),
  durationMs: optional(durationMs),
  exitCode: optional(v.number()),
  cache: optional(v.picklist(['hit', 'miss'])),
  /**
   * Where the verdict comes from: this run, or a local or remote cache. For a cached verdict, this also says when,
   * where and at which commit the gate ran.
   */
  source: optional(v.string()),
});

const step = v.strictObject({
  name: v.string(),
  state: v.picklist(['started', 'done', 'failed']),
  startedAt: time,
  /** The split that the step asks for. */
  asked: optional(split),
  /** The time of the last traffic change before the step began; `start` if there was none. */
  metChange: optional(v.string()),
  /** Missing while the step is under way, and for ever if the command was killed. */
  endedAt: optional(time),
  durationMs: optional(durationMs),
  detail: optional(v.string()),
  /** Set when a signal stopped the step. The split that the step asked for may still come into effect later. */
  interrupted: optional(v.boolean()),
  /** Set when the step failed before it sent any change, so that everything is as it was. */
  refused: optional(v.boolean()),
});

const trafficEntry = v.strictObject({
  at: time,
  actor: v.string(),
  before: split,
  after: split,
  /** Set when opening or closing a maintenance window moved the traffic. */
  byWindow: optional(v.boolean()),
  /** Set when a promotion moved the traffic. */
  byPromotion: optional(v.boolean()),
  /**
   * Set when a promotion found that somebody else had made this change. `actor` is then whoever changed the service
   * last.
   */
  found: optional(v.boolean()),
});

const smokeCheck = v.strictObject({
  id: v.string(),
  /** `unavailable`: a best-effort check failed, which does not fail the run. */
  state: v.picklist(['passed', 'failed', 'unavailable', 'skipped']),
  request: optional(v.string()),
  status: optional(v.number()),
  durationMs: optional(durationMs),
  attempts: optional(v.number()),
  detail: optional(v.string()),
});

const smokeEntry = v.strictObject({
  at: time,
  actor: v.string(),
  suite: v.string(),
  baseUrl: v.string(),
  state: v.picklist(['passed', 'failed']),
  durationMs,
  checks: v.array(smokeCheck),
  /**
   * The `at` of the last traffic change that the report had when the run began, or `start` if it had none. `earlier
   * attempt` if the deployment was started again since and found another split. Compare it only for equality, because
   * the clocks of two machines differ. Reports of earlier versions do not have it.
   */
  metChange: optional(v.string()),
  /** The revision that the URL leads to. Set only if that is certain, as with the URL of a promotion's tag. */
  revision: optional(name),
});

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const droppedSmokes = v.strictObject({
  suite: v.string(),
  baseUrl: v.string(),
  passed: count,
  failed: count,
});

const dropped = v.strictObject({
  steps: count,
  trafficChanges: count,
  maintenance: count,
  smokes: v.array(droppedSmokes),
});

const maintenanceEntry = v.strictObject({
  at: time,
  actor: v.string(),
  mode: v.picklist(['on', 'off']),
  state: v.picklist(['serving', 'prepared']),
  changed: v.boolean(),
  revision: optional(name),
  after: split,
});

const matrixEntry = v.strictObject({
  at: time,
  /** `incomplete`: no required check failed, but some were not made. */
  verdict: v.picklist(['passed', 'failed', 'incomplete']),
  /** How many required checks were not made. */
  notMade: optional(count),
  /** The matrix's summary file, relative to the checkout. */
  summary: optional(v.string()),
  /** What the matrix checked: the base URLs of control services, and the service whose traffic it read. */
  baseUrls: optional(v.array(v.string())),
  service: optional(v.strictObject({ project: v.string(), region: v.string(), service: v.string() })),
});

const requestCounts = v.strictObject({ requests: count, errors: count, p95Ms: optional(durationMs) });

const promotionEntry = v.strictObject({
  at: time,
  actor: v.string(),
  stable: name,
  canary: name,
  source: v.string(),
  steps: v.array(count),
  /** The step at which the promotion was resumed, if it was. */
  resumedAt: optional(count),
  /** The time of the last traffic change before the promotion began; `start` if there was none. */
  metChange: optional(v.string()),
  /** How the promotion ended. Missing while it is under way, and for ever if its command was killed. */
  ended: optional(v.picklist(['promoted', 'rolled back', 'held', 'not begun', 'superseded', 'interrupted'])),
  notes: v.array(v.strictObject({ at: time, text: v.string() })),
  minutes: v.array(
    v.strictObject({ at: time, step: count, stable: optional(requestCounts), canary: requestCounts }),
  ),
});

export const recordSchema = v.strictObject({
  report: v.literal('staging-deploy'),
  version: v.picklist([1, VERSION]),
  /**
   * `started`: under way, or killed. `stopped`: ended before anything was changed in the cloud. `failed`: the
   * deployment itself failed. `deployed`: its revision is ready.
   */
  state: v.picklist(['started', 'stopped', 'failed', 'deployed']),
  startedAt: time,
  /**
   * Only in version 1. It was dropped because it caused a merge conflict whenever two branches had changed a report.
   */
  updatedAt: optional(time),
  account: optional(v.string()),
  host: v.string(),
  /** The folder of the scripts on that host. Earlier versions did not write it. */
  scripts: optional(v.string()),
  checkout: v.strictObject({
    root: optional(v.string()),
    commit: optional(v.string()),
    clean: optional(v.boolean()),
  }),
  /** The local Cloud Run that a rehearsal deployed to. */
  emulatorHost: optional(v.string()),
  project: name,
  region: name,
  service: name,
  image: v.strictObject({
    reference: v.string(),
    tag: optional(v.string()),
    digest: optional(v.string()),
  }),
  domainMapping: optional(v.strictObject({ domain: v.string(), state: v.string() })),
  /**
   * The service's own URLs: its domain and the one from Cloud Run. Only smoke runs against these show what the public
   * gets.
   */
  baseUrls: v.array(v.string()),
  /** URLs of tags. Each leads to a single revision, so a smoke run against one does not show what the public gets. */
  tagUrls: optional(v.array(v.string())),
  gates: optional(
    v.strictObject({
      extent: v.picklist(['all', 'partial', 'skipped']),
      results: v.array(gateEntry),
    }),
  ),
  /**
   * `after` is the candidate, which is usually the revision that was deployed. A revision that was deployed in
   * maintenance mode is copied when the window closes: then `after` is the copy, and `deployed` is the original.
   */
  revisions: v.strictObject({ before: optional(name), after: optional(name), deployed: optional(name) }),
  trafficBefore: optional(split),
  /** The maintenance window that was open when the deployment began, and the split that closing it restores. */
  windowBefore: optional(v.strictObject({ since: time, by: v.string(), backTo: optional(split) })),
  /**
   * The revision that had all the traffic before the rollout, or, if a maintenance window was open then, before that
   * window. Missing if traffic was split, or if the revision is unknown.
   */
  stable: optional(name),
  steps: v.array(step),
  trafficChanges: v.array(trafficEntry),
  /** The latest runs of each suite against each URL. */
  smokes: v.array(smokeEntry),
  /** How many entries were dropped to keep the report short enough to be read back. */
  dropped: optional(dropped),
  maintenance: v.array(maintenanceEntry),
  /** Only in reports of earlier versions: the last matrix. It is now in `matrices`. */
  matrix: optional(matrixEntry),
  matrices: optional(v.array(matrixEntry)),
  /** The latest promotions. One that was interrupted and resumed has several entries. */
  promotions: optional(v.array(promotionEntry)),
});

export type ReportRecord = v.InferOutput<typeof recordSchema>;
export type GateEntry = v.InferOutput<typeof gateEntry>;
export type StepEntry = v.InferOutput<typeof step>;
export type Dropped = v.InferOutput<typeof dropped>;
export type DroppedSmokes = v.InferOutput<typeof droppedSmokes>;
export type PromotionEntry = v.InferOutput<typeof promotionEntry>;
export type MatrixEntry = v.InferOutput<typeof matrixEntry>;
export type SmokeEntry = v.InferOutput<typeof smokeEntry>;
export type SmokeCheckEntry = v.InferOutput<typeof smokeCheck>;
