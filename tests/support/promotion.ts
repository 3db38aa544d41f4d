import { hostname } from 'node:os';
import {
  type PromotionEvent,
  type PromotionOutcome,
  type SmokeLook,
  type WalkSettings,
  walkPromotion,
} from '@deploy/canary';
import { observeRequestLog, requestLogFilter } from '@deploy/canary/cloud';
import type { Emulator, EmulatorOptions, ImageFaults } from '@deploy/emulator';
import { apiOf, cloudWith, IMAGES, LOCATION, SERVICE } from './cloud.ts';
import { defaultLimits } from './limits.ts';
import { entries } from './observed.ts';

type WalkRequest = Parameters<typeof walkPromotion>[0];
type PromotionSource = Awaited<ReturnType<WalkRequest['openSource']>>;

/** Emulated seconds in one of the wall's. */
const SPEED = 40;
const LOG_DELAY_MS = 2000;

/** A local Cloud Run whose newest revision is a candidate, with people on the service, and a fast clock. */
export function cloudWithCandidate({
  stable = {},
  candidate = {},
  perMinute = 60,
  env = {},
  sessionAffinity = true,
  ...more
}: {
  stable?: ImageFaults;
  candidate?: ImageFaults;
  perMinute?: number;
  env?: Record<string, string>;
  sessionAffinity?: boolean;
} & EmulatorOptions = {}): Promise<Emulator> {
  return cloudWith({
    clockSpeed: SPEED,
    logs: { delayMs: LOG_DELAY_MS, readsPerMinute: 10_000 },
    imageFaults: { [`${IMAGES}:one`]: stable, [`${IMAGES}:two`]: candidate },
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        laterImages: [`${IMAGES}:two`],
        traffic: [{ revision: 1, percent: 100 }],
        sessionAffinity,
        env: { OA_AUTH_PROVIDER_MODE: 'mock', OA_SYNC_TOKEN_SIGNING_KEY: 'key', ...env },
        ...(perMinute > 0 && { load: { perMinute, signsIn: false } }),
      },
    ],
    ...more,
  });
}

const SETTINGS: WalkSettings = {
  steps: [25, 100],
  windowMinutes: 3,
  maxWindowMinutes: 6,
  limits: { ...defaultLimits, minRequests: 10 },
  onInconclusive: 'hold',
  tag: 'candidate',
  retry: false,
  takeOver: false,
  skipMaintenanceCheck: false,
};

/** Reads request logs as the verdict needs them. */
function sourceOf(cloud: Emulator): PromotionSource {
  const place = { service: SERVICE, region: LOCATION.region };
  const now = () => new Date(cloud.clock.now());
  // An entry is there when its request has ended, which is late by as long as real work takes, times the clock's speed.
  const delayMs = LOG_DELAY_MS + 1500 * SPEED * 0.1;
  return {
    name: 'logs' as const,
    delayMs,
    now,
    async read(query) {
      const at = now();
      const found = await entries(cloud, requestLogFilter(place, query));
      return observeRequestLog(found, query, { now: at, delayMs });
    },
    readHistory: async () => ({ state: 'read', minutes: [], outOf: 0 }),
  };
}

type Figures = { requests: number; errors: number };

/** Minutes that a test makes up, instead of those of request logs. There is no history. */
export function madeUpSource({
  now,
  read,
  delayMs = 0,
}: Pick<PromotionSource, 'now' | 'read'> & { delayMs?: number }): PromotionSource {
  return {
    name: 'logs',
    delayMs,
    now,
    readHistory: async () => ({ state: 'read', minutes: [], outOf: 0 }),
    read,
  };
}

/** The minutes from `from` on that have ended by `end`, all with the same figures. */
export function minutesBetween(from: Date, end: Date, figures: { stable: Figures; canary: Figures }) {
  const count = Math.max(0, Math.floor((end.getTime() - from.getTime()) / 60_000));
  return Array.from({ length: count }, (_, i) => ({
    startsAt: new Date(from.getTime() + i * 60_000),
    ...figures,
  }));
}

/** Made-up figures of a minute with many people on a service that does well. */
export const WELL = { stable: { requests: 45, errors: 0 }, canary: { requests: 15, errors: 0 } };
/** The same with a candidate that fails often. */
export const FAILING = { stable: { requests: 45, errors: 0 }, canary: { requests: 15, errors: 6 } };

/** The same figures in each minute that has passed. */
function steadySource(cloud: Emulator, figures: typeof WELL): PromotionSource {
  const now = () => new Date(cloud.clock.now());
  return madeUpSource({
    now,
    read: async ({ from }) => ({ state: 'read', closed: minutesBetween(from, now(), figures), open: [] }),
  });
}

export type Walk = {
  events: PromotionEvent[];
  announced: string[];
  /** Resolves at the first event that is one. */
  until(isIt: (event: PromotionEvent) => boolean): Promise<PromotionEvent>;
  stop(): void;
  outcome: Promise<PromotionOutcome>;
};

/**
 * Starts a promotion in this process. It goes by the request logs, or by `minutes`, which are made up: where the traffic
 * is not what is tested, requests would only take the processor's time.
 */
export async function startWalk(
  cloud: Emulator,
  {
    settings = {},
    minutes,
    ...changes
  }: Partial<Omit<WalkRequest, 'settings'>> & {
    settings?: Partial<WalkSettings>;
    minutes?: typeof WELL;
  } = {},
): Promise<Walk> {
  const api = await apiOf(cloud);
  const stopping = new AbortController();
  const events: PromotionEvent[] = [];
  const announced: string[] = [];
  const waiting: { isIt: (event: PromotionEvent) => boolean; resolve: (event: PromotionEvent) => void }[] =
    [];
  const outcome = walkPromotion({
    settings: { ...SETTINGS, ...settings },
    location: LOCATION,
    api,
    canary: undefined,
    walker: { account: 'operator@example.com', host: hostname(), pid: process.pid, isRunning: () => true },
    openSource: async () => (minutes === undefined ? sourceOf(cloud) : steadySource(cloud, minutes)),
    smoke: smokeManifest,
    readBuild: async (url) => (await smokeManifest(url)).buildId,
    checkStage: async () => ({ state: 'skipped', why: 'nobody is signed in' }),
    perform(action) {
      if (action.announcement !== undefined) announced.push(action.announcement);
      return action.perform();
    },
    pause: () => cloud.clock.sleep(15_000, stopping.signal),
    signal: stopping.signal,
    async tell(event) {
      events.push(event);
      for (const each of waiting) if (each.isIt(event)) each.resolve(event);
    },
    ...changes,
  });
  outcome.catch(() => {});
  return {
    events,
    announced,
    outcome,
    stop: () => stopping.abort(),
    until: (isIt) => {
      const found = events.find(isIt);
      if (found !== undefined) return Promise.resolve(found);
      return Promise.race([
        new Promise<PromotionEvent>((resolve) => waiting.push({ isIt, resolve })),
        outcome.then((ended) => {
          throw new Error(`the promotion ended first: ${JSON.stringify(ended)}`);
        }),
      ]);
    },
  };
}

async function smokeManifest(url: string): Promise<SmokeLook> {
  const answer = await fetch(`${url}/manifest.json`, {
    headers: { 'user-agent': 'openagents-deploy-scripts (test)' },
  });
  const { buildId } = (await answer.json()) as { buildId: string };
  return { passed: answer.status === 200, buildId };
}
