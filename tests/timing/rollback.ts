import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import {
  observeRequestLog,
  openObservationSource,
  type RawLogEntry,
  requestLogFilter,
} from '@deploy/canary/cloud';
import { addMinute, beginPromotion, isUnhealthy, type Observation } from '@deploy/canary/verdict';
import { connectTo, openLogApi } from '@deploy/cloudrun';
import type { Emulator } from '@deploy/emulator';
import { cloudEnv, cloudWith, IMAGES, LOCATION, revisionNames, SERVICE } from '../support/cloud.ts';
import { defaultLimits } from '../support/limits.ts';
import { runScriptProcess } from '../support/run-script.ts';

const MINUTE_MS = 60_000;

export type RollbackCase = {
  logDelaySeconds: number;
  /** Gives the second of the minute at which the candidate breaks, once it has its first traffic. */
  takeSecond(): number;
  perMinute: number;
  steps: string;
  /** How many minutes stable has served before. */
  historyMinutes: number;
};

/** In seconds, until stable has all the traffic. */
export type RollbackTimes = { fromFirst: number; fromDeciding: number; trace: string };

/** Promotes a candidate that answers every request with 500 from one moment on, and takes the time. */
export async function measureRollback({
  logDelaySeconds,
  takeSecond,
  perMinute,
  steps,
  historyMinutes,
}: RollbackCase): Promise<RollbackTimes> {
  await using cloud = await cloudWith({
    reconcileMs: 1500,
    logs: { delayMs: logDelaySeconds * 1000 },
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:one`,
        laterImages: [`${IMAGES}:two`],
        traffic: [{ revision: 1, percent: 100 }],
        env: { OA_AUTH_PROVIDER_MODE: 'mock', OA_SYNC_TOKEN_SIGNING_KEY: 'key' },
        load: { perMinute, signsIn: false },
      },
    ],
  });
  const [stable = '', canary = ''] = revisionNames(cloud);
  recallHistory(cloud, { stable, perMinute, historyMinutes });

  const told = new Map<string, number>();
  let begin: (at: number) => void = () => {};
  const begun = new Promise<number>((resolve) => {
    begin = resolve;
  });
  const watchLines = (child: ChildProcess): void => {
    child.stdout?.on('data', (text: string) => {
      for (const line of text.split('\n')) {
        if (line !== '' && !told.has(line)) told.set(line, Date.now());
        if (line.includes('served now')) begin(Date.now());
      }
    });
  };
  const startedAt = Date.now();
  const run = runScriptProcess('canary-rollout', ['promote'], {
    env: { ...cloudEnv(cloud), CANARY_STEPS: steps, EVIDENCE_REPORT: 'none' },
    onStart: watchLines,
  });
  const begunAt = await Promise.race([begun, run.then((ended) => assert.fail(JSON.stringify(ended)))]);
  const second = takeSecond();
  await pause((second * 1000 - (Date.now() % MINUTE_MS) + MINUTE_MS) % MINUTE_MS);
  const brokenAt = Date.now();
  cloud.setFaults(`${IMAGES}:two`, { errorPercent: 100 });
  const isStable = (targets: readonly { revision?: string; percent?: number }[]): boolean =>
    targets.some(({ revision, percent }) => revision === stable && percent === 100);
  let isOver = false;
  void run.finally(() => {
    isOver = true;
  });
  const when = async (isIt: () => boolean): Promise<number> => {
    while (!isIt() && !isOver) await pause(20);
    return isIt() ? Date.now() : Number.NaN;
  };
  const [writtenAt, backAt, ended] = await Promise.all([
    when(() => isStable(cloud.service(SERVICE).traffic ?? [])),
    when(() => isStable(cloud.service(SERVICE).trafficStatuses)),
    run,
  ]);
  assert.ok(backAt > 0, `exit ${ended.exitCode} without a rollback: ${ended.stderr}`);
  const refused = cloud.requests.filter(({ status }) => status === 429).length;
  const reads = cloud.requests.filter(({ path }) => path === '/v2/entries:list').length;
  assert.equal(refused, 0, 'more logs were read than the quota allows');
  // Until everything can be read.
  await pause(logDelaySeconds * 1000);

  const seen = await entriesSince(cloud, { stable, canary, fromMs: begunAt });
  const bad = seen.filter(
    ({ at, status, revision }) => status >= 500 && revision === canary && at >= brokenAt,
  );
  const firstAt = bad[0]?.at ?? Number.NaN;
  const history = await historyOf(cloud, { stable, canary, startedAt });
  const decidingAt =
    bad.find(({ at }) =>
      isDecidedBy(
        seen.filter((each) => each.at <= at).map(({ entry }) => entry),
        { stable, canary, fromMs: begunAt, nowMs: at, steps, history },
      ),
    )?.at ?? Number.NaN;
  const verdictAt = [...told].find(([line]) => line.includes('unhealthy'))?.[1] ?? Number.NaN;
  const since = (at: number): number => (at - firstAt) / 1000;
  const text = (at: number): string => since(at).toFixed(1);
  return {
    fromFirst: since(backAt),
    fromDeciding: (backAt - decidingAt) / 1000,
    trace: `broken at second ${second}; after the first bad answer: ${text(decidingAt)} the deciding one (of ${bad.filter(({ at }) => at <= decidingAt).length}), ${text(verdictAt)} verdict, ${text(writtenAt)} written, ${text(backAt)} served; ${reads} reads of logs in ${Math.round((backAt - startedAt) / 1000)} s`,
  };
}

/** People on stable before the promotion: one in a thousand requests fails. */
function recallHistory(
  cloud: Emulator,
  { stable, perMinute, historyMinutes }: { stable: string; perMinute: number; historyMinutes: number },
): void {
  const now = cloud.clock.now();
  const gapMs = MINUTE_MS / perMinute;
  const count = Math.floor(historyMinutes * perMinute);
  cloud.recall(
    Array.from({ length: count }, (_, i) => ({
      ...{ service: SERVICE, revision: stable, startedAt: Math.floor(now - (count - i) * gapMs) },
      ...(i % 1000 === 500 && { status: 500 }),
    })),
  );
}

type Seen = { entry: RawLogEntry; at: number; status: number; revision: string };

/** Everything that was answered since a moment, by the time of the answer. */
async function entriesSince(
  cloud: Emulator,
  { stable, canary, fromMs }: { stable: string; canary: string; fromMs: number },
): Promise<Seen[]> {
  const found = new Map<string, Seen>();
  const api = await openLogApi(connectionTo(cloud), LOCATION);
  const first = Math.floor(fromMs / MINUTE_MS) * MINUTE_MS;
  const place = { service: SERVICE, region: LOCATION.region };
  for (let start = first; start < Date.now(); start += MINUTE_MS / 4) {
    const [from, to] = [new Date(start), new Date(start + MINUTE_MS / 4)];
    const filter = `${requestLogFilter(place, { stable, canary, from, to })} AND timestamp>="${from.toISOString()}"`;
    const page = { filter, order: 'oldest first', size: 1000, patience: 'usual' } as const;
    for (const entry of (await api.page<RawLogEntry>(page)).entries) {
      const { timestamp, resource, httpRequest } = entry;
      const latencyMs = Number.parseFloat(httpRequest?.latency ?? '0') * 1000;
      found.set(JSON.stringify(entry), {
        entry,
        at: Date.parse(timestamp ?? '') + latencyMs,
        status: httpRequest?.status ?? 0,
        revision: resource?.labels?.revision_name ?? '',
      });
    }
  }
  return [...found.values()].sort((a, b) => a.at - b.at);
}

function connectionTo(cloud: Emulator) {
  return connectTo({ emulatorHost: cloud.host, accessToken: undefined, credentialsFile: undefined }, {});
}

async function historyOf(
  cloud: Emulator,
  { stable, canary, startedAt }: { stable: string; canary: string; startedAt: number },
): Promise<readonly Observation[]> {
  const source = await openObservationSource(connectionTo(cloud), LOCATION, {
    ...{ source: 'logs', habit: { polls: 1, minutesAtOnce: 1 }, patience: 'usual', stable, canary },
  });
  const history = await source.readHistory({ revision: stable, before: new Date(startedAt) });
  assert.ok(history.state === 'read', JSON.stringify(history));
  return history.minutes;
}

/** Whether somebody who sees these answers, and no more, has to say that the candidate is unhealthy. */
function isDecidedBy(
  seen: readonly RawLogEntry[],
  {
    stable,
    canary,
    fromMs,
    nowMs,
    steps,
    history,
  }: {
    stable: string;
    canary: string;
    fromMs: number;
    nowMs: number;
    steps: string;
    history: readonly Observation[];
  },
): boolean {
  const query = { stable, canary, from: new Date(Math.floor(fromMs / MINUTE_MS) * MINUTE_MS) };
  const to = new Date(Math.ceil(nowMs / MINUTE_MS) * MINUTE_MS);
  const { closed } = observeRequestLog(seen, { ...query, to }, { now: to, delayMs: 0 });
  const percents = steps.split(',').map(Number);
  const plan = { steps: percents, windowMinutes: 10, limits: defaultLimits, affinity: false };
  const promotion = closed.reduce(
    (soFar, minute) => addMinute(soFar, { step: percents[0] ?? 100, ...minute }),
    beginPromotion(plan, history),
  );
  return isUnhealthy(promotion);
}
