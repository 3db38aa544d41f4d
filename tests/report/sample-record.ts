import type { ReportRecord } from '@deploy/report/record';

const OLD = 'openagents-control-service-staging-00041-abc';
const NEW = 'openagents-control-service-staging-00042-def';

/** A whole rollout and back, with a bit of everything that can be in a report. */
export const sampleRecord: ReportRecord = {
  report: 'staging-deploy',
  version: 2,
  state: 'deployed',
  startedAt: '2026-02-12T16:55:40.125Z',
  account: 'alice@example.com',
  host: 'build-7',
  checkout: { commit: '1f0c2d7c5a4b3e2f1a0b9c8d7e6f5a4b3c2d1e0f', clean: true },
  project: 'openagentsgemini',
  region: 'us-central1',
  service: 'openagents-control-service-staging',
  image: {
    reference: 'us-central1-docker.pkg.dev/openagentsgemini/openagents-control-service/control:v42',
    tag: 'v42',
    digest: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  },
  domainMapping: { domain: 'staging.openagents.com', state: 'certificate pending' },
  baseUrls: ['https://staging.openagents.com', 'https://control-abc.a.run.app'],
  tagUrls: ['https://canary---control-abc.a.run.app'],
  gates: {
    extent: 'all',
    results: [
      { gate: 'cargo-test', verdict: 'passed', durationMs: 245_300, cache: 'miss', source: 'this run' },
      { gate: 'wasm-check', verdict: 'passed', durationMs: 180, cache: 'hit', source: 'remote cache' },
      { gate: 'sw-policy', verdict: 'passed', durationMs: 12_340 },
      { gate: 'perf-budget', verdict: 'passed', durationMs: 59_960 },
    ],
  },
  revisions: { before: OLD, after: NEW },
  trafficBefore: [{ revision: OLD, percent: 100 }],
  stable: OLD,
  steps: [
    {
      name: 'web-shell-build',
      state: 'done',
      startedAt: '2026-02-12T16:55:40.200Z',
      endedAt: '2026-02-12T16:56:10.200Z',
    },
    {
      name: 'deploy',
      state: 'failed',
      startedAt: '2026-02-12T16:59:00.000Z',
      endedAt: '2026-02-12T16:59:05.500Z',
      detail: 'quota exceeded | see <https://example.com/quota>',
    },
    {
      name: 'deploy',
      state: 'done',
      startedAt: '2026-02-12T17:00:00.000Z',
      endedAt: '2026-02-12T17:00:42.000Z',
    },
    { name: 'set-traffic', state: 'started', startedAt: '2026-02-13T08:29:00.000Z' },
  ],
  trafficChanges: [
    {
      at: '2026-02-12T17:05:00.000Z',
      actor: 'alice@example.com',
      before: [{ revision: OLD, percent: 100 }],
      after: [
        { revision: OLD, percent: 95 },
        { revision: NEW, percent: 5 },
      ],
    },
    {
      at: '2026-02-13T08:29:30.000Z',
      actor: 'bob@build-8',
      before: [
        { revision: OLD, percent: 95 },
        { revision: NEW, percent: 5 },
      ],
      after: [{ revision: OLD, percent: 100 }],
    },
  ],
  smokes: [
    {
      at: '2026-02-12T17:03:00.000Z',
      actor: 'alice@example.com',
      suite: 'health',
      baseUrl: 'https://canary---control-abc.a.run.app',
      metChange: 'start',
      state: 'passed',
      durationMs: 320,
      checks: [
        {
          id: 'healthz',
          state: 'passed',
          request: 'GET /healthz',
          status: 200,
          durationMs: 120.4,
          attempts: 1,
        },
        {
          id: 'readyz',
          state: 'passed',
          request: 'GET /readyz',
          status: 200,
          durationMs: 199.6,
          attempts: 2,
        },
      ],
    },
    {
      at: '2026-02-13T08:30:00.000Z',
      actor: 'bob@build-8',
      suite: 'control',
      baseUrl: 'https://staging.openagents.com',
      metChange: '2026-02-13T08:29:30.000Z',
      state: 'failed',
      durationMs: 1530,
      checks: [
        {
          id: 'readiness',
          state: 'passed',
          request: 'GET /readyz',
          status: 200,
          durationMs: 90,
          attempts: 1,
        },
        {
          id: 'manifest',
          state: 'failed',
          request: 'GET /manifest.json',
          status: 503,
          durationMs: 1300,
          attempts: 3,
          detail: 'expected a status below 400, got status 503; body: <html>*Service* `unavailable`</html>',
        },
        { id: 'sync-token', state: 'skipped', detail: 'not reached' },
      ],
    },
  ],
  maintenance: [
    {
      at: '2026-02-13T08:20:00.000Z',
      actor: 'bob@build-8',
      mode: 'off',
      state: 'serving',
      changed: false,
      after: [
        { revision: OLD, percent: 95 },
        { revision: NEW, percent: 5 },
      ],
    },
  ],
  matrices: [
    {
      at: '2026-02-13T07:00:00.000Z',
      verdict: 'passed',
      notMade: 0,
      summary: 'docs/reports/rust-cutover-validation/20260213T070000Z/SUMMARY.md',
      baseUrls: ['https://staging.openagents.com', 'https://openagents.com'],
    },
    { at: '2026-02-13T08:10:00.000Z', verdict: 'incomplete', notMade: 2 },
  ],
};
