import type { TargetCheckout } from '@deploy/cli';
import type { ServiceLocation, Share } from '@deploy/cloudrun';
import { type JoinRequest, openEvidence, type RolloutEvent } from '@deploy/report';
import type { SmokeOutcome } from '@deploy/smoke';

export const location: ServiceLocation = { project: 'p', region: 'us-central1', service: 'svc' };
export const image = 'registry.example.com:5000/repo/control:v2';
export const OLD = 'svc-00001-abc';
export const NEW = 'svc-00002-def';
export const serviceUrl = 'https://svc.example.com';

export const deployment: Extract<RolloutEvent, { kind: 'deployed' }>['deployment'] = {
  service: 'svc',
  image,
  revision: NEW,
  digest: undefined,
  previousRevision: OLD,
  traffic: [{ revision: OLD, percent: 100 }],
};

function split(canaryPercent: number): Share[] {
  return [
    { revision: OLD, percent: 100 - canaryPercent },
    { revision: NEW, percent: canaryPercent },
  ].filter(({ percent }) => percent > 0);
}

export function shifted(from: number, to: number): Extract<RolloutEvent, { kind: 'trafficShifted' }> {
  return {
    kind: 'trafficShifted',
    change: { service: 'svc', before: split(from), after: split(to) },
    stable: OLD,
  };
}

export function smokeOutcome(
  suite: 'health' | 'control',
  state: 'passed' | 'failed' = 'passed',
): SmokeOutcome {
  const asked = { id: 'readyz', request: 'GET /readyz', durationMs: 12, attempts: 1 };
  return {
    suite,
    baseUrl: serviceUrl,
    startedAt: new Date().toISOString(),
    durationMs: 20,
    state,
    checks: [
      state === 'passed'
        ? { ...asked, state, status: 200 }
        : { ...asked, state, status: 503, expected: 'x', got: 'y', bodyExcerpt: 'body', hint: 'wait' },
    ],
    bestEffort: [],
  };
}

type OpenRequest = Parameters<typeof openEvidence>[0];

export type Notes = { lines: string[]; note(line: string): void };

export function notes(): Notes {
  const lines: string[] = [];
  return { lines, note: (line) => lines.push(line) };
}

/** What deploy-staging asks for. */
export function deployRequest(checkout: TargetCheckout, changes: Partial<OpenRequest> = {}): OpenRequest {
  return {
    checkout,
    location,
    image,
    evidenceReport: undefined,
    dryRun: false,
    account: async () => 'alice@example.com',
    note: () => {},
    ...changes,
  };
}

/** What a later command asks for. */
export function joinRequest(
  checkout: TargetCheckout,
  changes: Partial<JoinRequest> = {},
): JoinRequest & { location: ServiceLocation; baseUrl: string } {
  return {
    repoRoot: checkout.root,
    serviceDir: checkout.serviceDir,
    webShellDir: checkout.webShellDir,
    location,
    baseUrl: serviceUrl,
    evidenceReport: undefined,
    dryRun: false,
    account: async () => 'bob@example.com',
    note: () => {},
    ...changes,
  };
}

/** Opens a report whose deployment is done. */
export async function deployedReport(checkout: TargetCheckout): Promise<string> {
  const evidence = await openEvidence(deployRequest(checkout));
  await evidence.record({ kind: 'reachedAt', baseUrls: [`${serviceUrl}/`] });
  await evidence.step('deploy', () => evidence.record({ kind: 'deployed', deployment, stable: OLD }));
  if (evidence.path === undefined) throw new Error('no report was opened');
  return evidence.path;
}
