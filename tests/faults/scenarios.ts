import assert from 'node:assert/strict';
import { domainMapping, type Emulator, type EmulatorOptions } from '@deploy/emulator';
import { DOMAIN, NEW_IMAGE, STAGING, STAGING_SERVICE } from '@deploy/rehearsal/stage';
import { IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';

/** A script called in a situation; what is to be true when it says that it did its work. */
export type Scenario = {
  script: string;
  /** What the call is about, as the table names it. */
  title: string;
  cloud?: EmulatorOptions;
  args(cloud: Emulator): string[];
  env?: Record<string, string>;
  /** Whether the report of a deployment that went before is open. */
  hasReport?: true;
  /** Whether every run opens a report of its own. */
  opensReport?: true;
  /** Whether it tells what it could not look at, and goes on. */
  looks?: true;
  /** Whether it says by exit codes of its own that a name is wrong (2), or that nothing could be told (3). */
  judges?: true;
  /** How it ends when nothing goes wrong, where it walks a candidate: promoted, or with exit 1 rolled back. */
  walks?: 'promoted' | 'rolled back';
  /**
   * The calls that every fault is tried at, by their names in the table, and the faults for the others; default: all.
   */
  calls?: { match: RegExp; others: readonly string[] };
  /** Throws when the work is not done. */
  requireDone(cloud: Emulator, before: Before): void;
};

export type Before = { generation: string; revisions: string[]; serving: string[] };

const TWO_REVISIONS = {
  services: [
    {
      name: SERVICE,
      image: `${IMAGES}:one`,
      laterImages: [`${IMAGES}:two`],
      traffic: [{ revision: 1, percent: 100 }],
    },
  ],
};
const TOKEN = 'canary-token-for-the-bypass-0123456789';
const IN_MAINTENANCE = {
  services: [
    {
      name: SERVICE,
      image: `${IMAGES}:one`,
      env: {
        OA_MAINTENANCE_MODE_ENABLED: 'true',
        OA_MAINTENANCE_BYPASS_TOKEN: { secret: 'bypass', version: 'latest' },
      },
    },
  ],
  secrets: { bypass: TOKEN },
};

/** Everything that the preflight asks for. */
const PREPARED: EmulatorOptions = {
  ...STAGING,
  services: [
    {
      ...STAGING_SERVICE,
      name: SERVICE,
      env: {
        ...STAGING_SERVICE.env,
        OA_CONTROL_STATIC_DIR: '/app/apps/openagents.com/web-shell/dist',
      },
    },
  ],
  domainMappings: [domainMapping({ domain: DOMAIN, service: SERVICE })],
  people: { 'token-of-the-operator': 'operator@example.com' },
};

/** Nobody uses the service; the minutes of its clock are short. */
const WITH_CANDIDATE: EmulatorOptions = {
  ...TWO_REVISIONS,
  clockSpeed: 200,
  clockWaitsAfterMs: 60_000,
  logs: { readsPerMinute: 100_000 },
  monitoring: { delayMs: 30_000 },
};
const FAST_PROMOTION = {
  CANARY_STEPS: '100',
  CANARY_WINDOW: '1m',
  CANARY_MIN_REQUESTS: '0',
  CANARY_POLL_SECONDS: '0.2',
  CANARY_SOURCE: 'logs',
  EVIDENCE_REPORT: 'none',
};

const RUNTIME_IMAGE = 'registry.example.com/openagents/runtime:seven';
const MATRIX_CHECKS = [
  'runtime-migration-drift',
  'control-error-log-probe',
  'runtime-error-log-probe',
  'control-canary-status',
];

export const SCENARIOS: readonly Scenario[] = [
  {
    script: 'preflight',
    title: '',
    cloud: PREPARED,
    args: () => [],
    env: { IMAGE: NEW_IMAGE, SKIP_VERIFY: '1', CLOUDSDK_AUTH_ACCESS_TOKEN: 'token-of-the-operator' },
    looks: true,
    requireDone: unchanged,
  },
  {
    script: 'deploy-staging',
    title: 'with its preflight',
    cloud: PREPARED,
    args: () => [],
    env: { IMAGE: NEW_IMAGE, SKIP_VERIFY: '1', CLOUDSDK_AUTH_ACCESS_TOKEN: 'token-of-the-operator' },
    looks: true,
    opensReport: true,
    // Its build starts turbo, and the preflight's calls are tried with every fault by preflight.ts.
    calls: { match: /PATCH/, others: ['403', '503', 'reset after'] },
    requireDone(cloud, before) {
      assert.equal(revisionNames(cloud).length, before.revisions.length + 1, 'exactly one new revision');
      assert.deepEqual(servedShares(cloud), [`${before.revisions[0]}=100`]);
    },
  },
  {
    script: 'validate-rust-cutover',
    title: 'what it reads from the cloud',
    cloud: {
      services: [
        { name: SERVICE, image: `${IMAGES}:one` },
        { name: 'runtime', image: RUNTIME_IMAGE },
      ],
      jobs: [{ name: 'runtime-migrate', image: RUNTIME_IMAGE, executions: [{}] }],
    },
    args: () => [],
    // What is left out counts as failed.
    env: {
      CONTROL_SERVICE: SERVICE,
      MATRIX_ONLY: MATRIX_CHECKS.join(','),
      FAIL_ON_REQUIRED_FAILURE: '0',
    },
    requireDone: unchanged,
  },
  {
    script: 'canary-rollout',
    title: 'status',
    args: () => ['status'],
    requireDone: unchanged,
  },
  {
    script: 'canary-rollout',
    title: 'deploy-no-traffic',
    args: () => ['deploy-no-traffic', `${IMAGES}:two`],
    requireDone(cloud, before) {
      assert.equal(revisionNames(cloud).length, before.revisions.length + 1, 'exactly one new revision');
      assert.deepEqual(servedShares(cloud), [`${before.revisions[0]}=100`]);
    },
  },
  {
    script: 'canary-rollout',
    title: 'set-traffic',
    cloud: TWO_REVISIONS,
    args: (cloud) => ['set-traffic', ...revisionNames(cloud), '5'],
    hasReport: true,
    requireDone(cloud, { revisions: [one, two] }) {
      assert.deepEqual(servedShares(cloud), [`${one}=95`, `${two}=5`]);
    },
  },
  {
    script: 'canary-rollout',
    title: 'rollback',
    cloud: { services: [{ ...TWO_REVISIONS.services[0], traffic: split(95, 5) }] } as EmulatorOptions,
    args: (cloud) => ['rollback', revisionNames(cloud)[0] ?? ''],
    hasReport: true,
    requireDone(cloud, { revisions: [one] }) {
      assert.deepEqual(servedShares(cloud), [`${one}=100`]);
    },
  },
  {
    script: 'canary-rollout',
    title: 'judge, of two revisions',
    cloud: { services: [{ ...TWO_REVISIONS.services[0], traffic: split(95, 5) }] } as EmulatorOptions,
    args: (cloud) => ['judge', ...revisionNames(cloud)],
    env: { CANARY_MIN_REQUESTS: '0' },
    judges: true,
    requireDone: unchanged,
  },
  {
    script: 'canary-rollout',
    title: 'judge, from request logs',
    cloud: { services: [{ ...TWO_REVISIONS.services[0], traffic: split(95, 5) }] } as EmulatorOptions,
    args: (cloud) => ['judge', ...revisionNames(cloud)],
    env: { CANARY_MIN_REQUESTS: '0', CANARY_SOURCE: 'logs' },
    calls: { match: /entries/, others: [] },
    judges: true,
    requireDone: unchanged,
  },
  {
    script: 'canary-rollout',
    title: 'promote',
    cloud: WITH_CANDIDATE,
    args: () => ['promote'],
    env: FAST_PROMOTION,
    walks: 'promoted',
    requireDone(cloud, { revisions: [, two] }) {
      assert.deepEqual(serving(cloud), [`${two}=100`]);
      assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {});
    },
  },
  {
    script: 'canary-rollout',
    title: 'promote, by metrics',
    cloud: WITH_CANDIDATE,
    args: () => ['promote'],
    env: { ...FAST_PROMOTION, CANARY_SOURCE: 'monitoring', CANARY_POLL_SECONDS: '0.05' },
    calls: { match: /timeSeries|metricDescriptors/, others: [] },
    walks: 'promoted',
    requireDone(cloud, { revisions: [, two] }) {
      assert.deepEqual(serving(cloud), [`${two}=100`]);
    },
  },
  {
    script: 'canary-rollout',
    title: 'promote, of a candidate that has to go',
    // Its smoke before any traffic takes 8 requests, and from the tenth one on all of them fail.
    cloud: { ...WITH_CANDIDATE, imageFaults: { [`${IMAGES}:two`]: { errorPercent: 100, errorClump: 20 } } },
    args: () => ['promote'],
    env: { ...FAST_PROMOTION, CANARY_STEPS: '50,100' },
    // What comes before is the same as above.
    calls: { match: /^PATCH.*, after the 2\. PATCH|, after the 3\. PATCH/, others: [] },
    walks: 'rolled back',
    requireDone(cloud, { revisions: [one, two] }) {
      assert.deepEqual(serving(cloud), [`${one}=100`, `${two}=0(candidate)`]);
      assert.deepEqual(Object.keys(cloud.service(SERVICE).annotations ?? {}), [
        'openagents.com/canary-failed',
      ]);
    },
  },
  {
    script: 'maintenance-mode',
    title: 'status',
    cloud: IN_MAINTENANCE,
    args: () => ['status'],
    requireDone: unchanged,
  },
  {
    script: 'maintenance-mode',
    title: 'enable, with a token, traffic on LATEST',
    args: () => ['enable'],
    env: { MAINTENANCE_BYPASS_TOKEN: TOKEN },
    requireDone(cloud, before) {
      assert.equal(revisionNames(cloud).length, before.revisions.length + 1, 'exactly one new revision');
      assert.deepEqual(servedShares(cloud), [`${revisionNames(cloud).at(-1)}=100`]);
      assert.ok(isInMaintenance(cloud));
    },
  },
  {
    script: 'maintenance-mode',
    title: 'enable, with a token, traffic moved',
    cloud: TWO_REVISIONS,
    hasReport: true,
    args: () => ['enable'],
    env: { MAINTENANCE_BYPASS_TOKEN: TOKEN, MAINTENANCE_MOVE_TRAFFIC: '1' },
    requireDone(cloud, before) {
      // The window's own, and that of the newest template, which is not what serves.
      assert.equal(revisionNames(cloud).length, before.revisions.length + 2, 'exactly two new revisions');
      assert.deepEqual(servedShares(cloud), [`${revisionNames(cloud).at(-2)}=100`]);
      assert.ok(isInMaintenance(cloud));
    },
  },
  {
    script: 'maintenance-mode',
    title: 'disable',
    cloud: IN_MAINTENANCE,
    hasReport: true,
    args: () => ['disable'],
    requireDone(cloud) {
      assert.ok(!isInMaintenance(cloud));
      assert.deepEqual(servedShares(cloud), [`${revisionNames(cloud).at(-1)}=100`]);
    },
  },
];

/** What gets traffic, as `name=percent`. */
export function servedShares(cloud: Emulator): string[] {
  return serving(cloud).filter((target) => !/=0(\(|$)/.test(target));
}

function unchanged(cloud: Emulator, before: Before): void {
  assert.deepEqual(revisionNames(cloud), before.revisions);
  assert.deepEqual(serving(cloud), before.serving);
}

function split(one: number, two: number) {
  return [
    { revision: 1, percent: one },
    { revision: 2, percent: two },
  ];
}

function isInMaintenance(cloud: Emulator): boolean {
  const env = cloud.service(SERVICE).template.containers?.[0]?.env ?? [];
  return env.some(({ name, value }) => name === 'OA_MAINTENANCE_MODE_ENABLED' && value === 'true');
}
