import type { ReportRecord } from '@deploy/report/record';
import { sampleRecord } from './sample-record.ts';

const OLD = 'openagents-control-service-staging-00041-abc';
const NEW = 'openagents-control-service-staging-00042-def';
const IN_WINDOW = 'openagents-control-service-staging-00043-win';
const ACTOR = 'alice@example.com';
const OWN = 'https://staging.openagents.com';
const BEGAN = Date.parse('2026-02-12T17:00:00.000Z');

/** So many minutes after the promotion began. */
function after(minutes: number): string {
  return new Date(BEGAN + minutes * 60_000).toISOString();
}

function split(percent: number): { revision: string; percent: number }[] {
  return [
    { revision: OLD, percent: 100 - percent },
    { revision: NEW, percent },
  ].filter((share) => share.percent > 0);
}

/** Figures as of a service with some 120 requests a minute; the same on every run. */
const noise = (seed: number): number => Math.abs((Math.sin(seed * 12.9898) * 43_758.5453) % 1);

type Promotion = NonNullable<ReportRecord['promotions']>[number];

/** Minutes of the usual steps, `each` of them long. */
export function minutesOf(each: number, steps: readonly number[] = [5, 25, 50, 100]): Promotion['minutes'] {
  return Array.from({ length: each * steps.length }, (_, index) => {
    const step = steps[Math.floor(index / each)] ?? 100;
    const requests = Math.round(120 * (step / 100) * (0.8 + 0.4 * noise(index)));
    const stableRequests = Math.round(120 * (1 - step / 100) * (0.8 + 0.4 * noise(index + 500)));
    return {
      at: after(index),
      step,
      ...(stableRequests > 0 && {
        stable: {
          requests: stableRequests,
          errors: index % 17 === 3 ? 1 : 0,
          p95Ms: Math.round(180 + 60 * noise(index + 9)),
        },
      }),
      canary: {
        requests,
        errors: index % 19 === 11 ? 1 : 0,
        ...(requests > 0 && { p95Ms: Math.round(190 + 90 * noise(index + 77)) }),
      },
    };
  });
}

export const promotion: Promotion = {
  at: after(-2),
  actor: ACTOR,
  stable: OLD,
  canary: NEW,
  source: 'logs',
  steps: [5, 25, 50, 100],
  metChange: 'start',
  ended: 'promoted',
  notes: [
    { at: after(-2), text: `promoting ${NEW} beside ${OLD}, in steps of 5, 25, 50, 100 %` },
    ...[5, 25, 50, 100].flatMap((step, index) => [
      { at: after(index * 10), text: `${step} %: served now, its window begins with the next whole minute` },
      {
        at: after(index * 10 + 10),
        text: `${step} %: healthy: 1 of 60 candidate requests failed: fewer than 7.7 % fail (95 % sure) -> ${step === 100 ? 'done' : 'next step'}`,
      },
    ]),
    { at: after(41), text: `${NEW} has all the traffic` },
  ],
  minutes: minutesOf(10),
};

type Smoke = ReportRecord['smokes'][number];

function smoke(minute: number, suite: 'health' | 'control', baseUrl: string, metChange: string): Smoke {
  const ids =
    suite === 'health'
      ? ['healthz', 'readyz']
      : ['readiness', 'healthz', 'status', 'manifest', 'sw', 'entry', 'auth-session', 'sync-token'];
  return {
    at: after(minute),
    actor: ACTOR,
    suite,
    baseUrl,
    metChange,
    state: 'passed',
    durationMs: 480 + minute,
    checks: ids.map((id) => ({
      id,
      state: 'passed',
      request: `GET /${id}`,
      status: 200,
      durationMs: 60,
      attempts: 1,
    })),
  };
}

const TAG = 'https://candidate---control-abc.a.run.app';
const RUN = 'https://control-abc.a.run.app';
const shifts = [5, 25, 50, 100].map((percent, index) => ({ percent, at: after(index * 10) }));
const last = after(62);

/** 20 smoke runs, a promotion, a maintenance window and a matrix. */
export const longRollout: ReportRecord = {
  ...sampleRecord,
  tagUrls: [TAG],
  steps: [
    ...['web-shell build', 'gates', 'deploy', 'maintenance-mode enable', 'maintenance-mode disable'].map(
      (name, index) => ({
        name,
        state: 'done' as const,
        startedAt: after(index < 3 ? index * 5 - 20 : index * 10 + 20),
        durationMs: 42_000,
      }),
    ),
  ],
  promotions: [promotion],
  trafficChanges: [
    ...shifts.map(({ percent, at }, index) => ({
      at,
      actor: ACTOR,
      before: split(shifts[index - 1]?.percent ?? 0),
      after: split(percent),
      byPromotion: true,
    })),
    {
      at: after(50),
      actor: ACTOR,
      before: split(100),
      after: [{ revision: IN_WINDOW, percent: 100 }],
      byWindow: true,
    },
    {
      at: last,
      actor: ACTOR,
      before: [{ revision: IN_WINDOW, percent: 100 }],
      after: split(100),
      byWindow: true,
    },
  ],
  maintenance: [
    {
      at: after(50),
      actor: ACTOR,
      mode: 'on',
      state: 'serving',
      changed: true,
      revision: IN_WINDOW,
      after: [{ revision: IN_WINDOW, percent: 100 }],
    },
    { at: last, actor: ACTOR, mode: 'off', state: 'serving', changed: true, after: split(100) },
  ],
  smokes: [
    ...[-1, 10, 20].map((minute) => ({ ...smoke(minute, 'control', TAG, 'start'), revision: NEW })),
    ...[1, 11, 21].map((minute) => smoke(minute, 'control', RUN, shifts[0]?.at ?? '')),
    ...[2, 12, 22].map((minute) => smoke(minute, 'health', RUN, shifts[1]?.at ?? '')),
    ...[3, 13].map((minute) => smoke(minute, 'health', TAG, shifts[1]?.at ?? '')),
    ...[43, 44, 52].map((minute) => smoke(minute, 'health', 'https://openagents.com', shifts[3]?.at ?? '')),
    smoke(51, 'control', OWN, after(50)),
    smoke(63, 'health', OWN, last),
    smoke(64, 'control', OWN, last),
    smoke(65, 'health', RUN, last),
    smoke(66, 'control', RUN, last),
    smoke(67, 'health', OWN, last),
  ],
  matrices: [
    {
      at: after(80),
      verdict: 'passed',
      notMade: 0,
      summary: 'docs/reports/rust-cutover-validation/20260212T182000Z/SUMMARY.md',
      baseUrls: [OWN, 'https://openagents.com'],
    },
  ],
};
