import { type Output, UserError } from '@deploy/cli';
import {
  type Emulator,
  type EmulatorOptions,
  type ImageFaults,
  type ServiceJson,
  startEmulator,
} from '@deploy/emulator';
import { lastPart, reportedServing } from '../serving.ts';
import { IMAGES, PROJECT } from '../stage/staging.ts';
import { runStep, type Step, type StepResult } from './step.ts';

/** How a promotion ends, judged by the state of the service. */
export type EndState = 'promoted' | 'rolled back' | 'held';

/** One way for a promotion to end. It is rehearsed on a service of its own. */
export type Ending = {
  readonly service: string;
  /** What is promoted, in words that can follow "promotion of". */
  readonly of: string;
  readonly shouldEnd: EndState;
  readonly exitCode: number;
  readonly stable: ImageFaults;
  readonly candidate: ImageFaults;
  /** Requests per minute; undefined if nobody uses the service. */
  readonly perMinute: number | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly secretEnv?: Readonly<Record<string, string>>;
};

/** How many times faster than real time the platform's clock runs: a window of two minutes takes three seconds. */
export const CLOCK_SPEED = 40;
// After a minute without a poll the clock stops until the next poll, so that polls keep up even on a busy machine.
const UNWATCHED_MS = 60_000;
/** Requests per minute of the fast clock; that makes 40 per real second. */
const BUSY = 60;

// PATIENT: the window is long, so that a bad candidate is rolled back before the window ends. BRIEF: the window can
// hardly be extended, so that an undecided promotion is soon held.
const PATIENT = { CANARY_STEPS: '25,100', CANARY_WINDOW: '30m', CANARY_MIN_REQUESTS: '20' };
const QUICK = { CANARY_STEPS: '25,100', CANARY_WINDOW: '2m', CANARY_MIN_REQUESTS: '20' };
const BRIEF = {
  CANARY_STEPS: '50,100',
  CANARY_WINDOW: '2m',
  CANARY_MAX_WINDOW: '3m',
  CANARY_MIN_REQUESTS: '60',
};

// Latencies that are long enough to drown the machine's own delays.
const USUAL: ImageFaults = { latencyMs: 1000, latencySpread: 0.2 };
// Errors come in long clumps, so that the first clump begins only after the smoke checks that precede any traffic.
const BAD: ImageFaults = { ...USUAL, errorPercent: 30, errorClump: 10 };

const SIGN_IN_CODE = 'rehearsal-code-0123456789abcdef';

/** The ways in which a promotion can end. */
export const ENDINGS: readonly Ending[] = [
  {
    service: 'healthy',
    of: 'a healthy candidate',
    shouldEnd: 'promoted',
    exitCode: 0,
    stable: USUAL,
    candidate: USUAL,
    perMinute: BUSY,
    // The checks after each step sign in at the candidate, which the stand-in's mock mode allows.
    env: { ...QUICK, CANARY_SIGN_IN_EMAIL: 'operator@example.com' },
    secretEnv: { CANARY_SIGN_IN_CODE: SIGN_IN_CODE },
  },
  {
    service: 'failing',
    of: 'a candidate with 5 % errors',
    shouldEnd: 'rolled back',
    exitCode: 1,
    stable: USUAL,
    candidate: { ...USUAL, errorPercent: 5 },
    perMinute: BUSY,
    env: PATIENT,
  },
  {
    service: 'slow',
    of: 'a candidate twice as slow',
    shouldEnd: 'rolled back',
    exitCode: 1,
    stable: USUAL,
    candidate: { ...USUAL, latencyFactor: 2 },
    perMinute: BUSY,
    env: PATIENT,
  },
  {
    service: 'quiet',
    of: 'a candidate of a quiet service',
    shouldEnd: 'held',
    exitCode: 3,
    stable: USUAL,
    candidate: USUAL,
    perMinute: undefined,
    env: BRIEF,
  },
  {
    service: 'both-bad',
    of: 'a bad candidate beside a stable one as bad',
    shouldEnd: 'held',
    exitCode: 3,
    stable: BAD,
    candidate: BAD,
    perMinute: BUSY,
    env: BRIEF,
  },
];

/** A local Cloud Run with the ending's service and its candidate, and a fast clock. */
function endingCloud({ service, stable, candidate }: Ending): EmulatorOptions {
  const [stableImage, candidateImage] = [`${IMAGES}:${service}-stable`, `${IMAGES}:${service}-candidate`];
  return {
    project: PROJECT,
    clockSpeed: CLOCK_SPEED,
    clockWaitsAfterMs: UNWATCHED_MS,
    logs: { readsPerMinute: 10_000 },
    services: [
      {
        name: service,
        image: stableImage,
        laterImages: [candidateImage],
        traffic: [{ revision: 1, percent: 100 }],
        sessionAffinity: true,
        env: {
          OA_AUTH_PROVIDER_MODE: 'mock',
          OA_AUTH_MOCK_MAGIC_CODE: SIGN_IN_CODE,
          OA_SYNC_TOKEN_SIGNING_KEY: 'signing-key-of-the-rehearsal',
        },
      },
    ],
    imageFaults: { [stableImage]: stable, [candidateImage]: candidate },
  };
}

/** The command that promotes an ending's candidate. */
function promotionStep({ service, of, shouldEnd, env, secretEnv = {}, exitCode }: Ending): Step {
  return {
    title: `Promotion of ${of}: ${shouldEnd}`,
    env: {
      SERVICE: service,
      EVIDENCE_REPORT: 'none',
      CANARY_SOURCE: 'logs',
      CANARY_POLL_SECONDS: '1.2',
      ...env,
    },
    secretEnv,
    call: ['scripts/canary-rollout.ts', 'promote'],
    exitCode,
  };
}

const PROMOTION = 'openagents.com/canary-promotion';
const FAILED = 'openagents.com/canary-failed';

/**
 * How a promotion ended, judged only by the service's traffic and by the annotations that promotions leave. Undefined
 * if these show none of the three states, for instance while a promotion is running.
 */
function endStateOf(
  service: ServiceJson,
  { stable, canary }: { stable: string; canary: string },
): EndState | undefined {
  const { trafficStatuses, annotations = {} } = service;
  const shares = new Map(
    trafficStatuses.filter(({ percent }) => percent).map(({ revision, percent }) => [revision, percent]),
  );
  const unfinished = annotations[PROMOTION] === undefined ? undefined : JSON.parse(annotations[PROMOTION]);
  const hasFailed = annotations[FAILED]?.includes(`"${canary}"`) ?? false;
  if (shares.get(canary) === 100) return unfinished === undefined && !hasFailed ? 'promoted' : undefined;
  if (shares.get(stable) === 100) return unfinished === undefined && hasFailed ? 'rolled back' : undefined;
  const isFree = unfinished?.canary === canary && unfinished.owner === undefined;
  return shares.has(stable) && shares.has(canary) && isFree ? 'held' : undefined;
}

/** How a promotion ended, and how it should have. */
export type EndingResult = Omit<StepResult, 'title'> &
  Pick<Ending, 'of' | 'shouldEnd'> & {
    ended: EndState | 'something else';
  };

/**
 * Promotes the candidate of each ending in a local Cloud Run of its own, all at the same time, while requests arrive.
 * The outcome is read from the service; `onEnded` may read the service as well. An interruption is thrown only after
 * every command has ended.
 */
export async function rehearseEndings({
  endings = ENDINGS,
  onEnded = () => {},
  env,
  ...setting
}: {
  endings?: readonly Ending[];
  env: Record<string, string>;
  out: Output;
  signal: AbortSignal;
  onEnded?: (cloud: Emulator, ending: Ending) => void;
}): Promise<EndingResult[]> {
  const runs = endings.map(async (ending, i): Promise<EndingResult> => {
    const { service, perMinute, of, shouldEnd } = ending;
    await using cloud = await startEmulator(endingCloud(ending));
    const [canary = '', stable = ''] = cloud.revisions(service).map(({ name }) => lastPart(name));
    if (perMinute !== undefined) cloud.load(service, { perMinute, signsIn: false });
    const startedAt = performance.now();
    const { exitCode, leaked } = await runStep(promotionStep(ending), {
      ...setting,
      env: { ...env, CLOUD_RUN_EMULATOR_HOST: cloud.host },
      place: `${i + 1} of ${endings.length} at once`,
      isOneOfMany: true,
    });
    const durationMs = performance.now() - startedAt;
    if (leaked) throw new UserError(`a secret was printed by the promotion of ${of}`);
    onEnded(cloud, ending);
    const ended = endStateOf(cloud.service(service), { stable, canary }) ?? 'something else';
    const asExpected = ended === shouldEnd && exitCode === ending.exitCode;
    return {
      of,
      shouldEnd,
      ended,
      exitCode,
      asExpected,
      durationMs,
      serving: reportedServing(cloud, service),
    };
  });
  const settled = await Promise.allSettled(runs);
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}
