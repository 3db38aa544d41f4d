import {
  adviceLine,
  annotate,
  type Environment,
  type Finding,
  interruptible,
  type Program,
  type TargetCheckout,
  UserError,
} from '@deploy/cli';
import type { CloudCheckRequest, CloudFacts } from '@deploy/cloudrun/preflight';
import { checkTools, explainGates, type GateChoices, gateIds } from '@deploy/gates';
import { reportedTraffic } from '@deploy/report';

type PreflightRequest = Omit<CloudCheckRequest, 'expectedTraffic'> & {
  /** The target checkout, or why there is none. */
  checkout: TargetCheckout | UserError;
  env: Environment;
  /** Whether the verification gates will run. */
  verify: boolean;
  gates: GateChoices;
  /** Whether to skip every check that calls the cloud. */
  dryRun?: boolean;
};

/** What the checks found; `facts` is missing after a dry run. */
export type Preflight = { findings: Finding[]; facts?: CloudFacts };

// Findings are shown in the order of the runbook's preconditions.
const ORDER = [
  'login',
  'image',
  'service',
  'traffic',
  'domain mapping',
  'env',
  'secrets',
  'tools',
  'maintenance',
];

/** Checks every precondition of a deployment, all at once, and changes nothing. */
export async function runPreflight(request: PreflightRequest): Promise<Preflight> {
  const { checkout, env, verify, gates, dryRun = false } = request;
  const [cloud, tools] = await interruptible(request.connection.signal, () =>
    Promise.all([
      dryRun ? undefined : checkCloudWithReport(request),
      checkout instanceof UserError
        ? [noCheckout(checkout)]
        : checkTools({
            checkout,
            env,
            gates: verify ? (gates.selected ?? gateIds) : [],
            isCached: cachedGates(request, checkout),
          }),
    ]),
  );
  // A check that failed because of an interruption must not be reported as a finding.
  request.connection.signal?.throwIfAborted();
  const findings = [...(cloud?.findings ?? [leftOut]), ...tools].sort((a, b) => rank(a) - rank(b));
  return cloud === undefined ? { findings } : { findings, facts: cloud.facts };
}

/** Returns a function that tells whether a gate's verdict is cached. Its first call reads the cache. */
function cachedGates({ env, gates }: PreflightRequest, checkout: TargetCheckout) {
  let explained: ReturnType<typeof explainGates> | undefined;
  return async (gate: string): Promise<boolean> => {
    explained ??= explainGates({ checkout, env, choices: gates });
    return (await explained).some((each) => each.gate === gate && each.expect === 'hit');
  };
}

/** Shows each error and warning as an annotation on the page of a GitHub Actions run. */
export function annotateFindings({ findings }: Preflight, place: Pick<Program, 'env' | 'out'>): void {
  for (const finding of findings) {
    const { check, state, found } = finding;
    if (state !== 'error' && state !== 'warning') continue;
    const advice = adviceLine(finding);
    const message = advice === undefined ? found : `${found}\n${advice}`;
    annotate(place, { level: state, title: `preflight: ${check}`, message });
  }
}

/**
 * The verification gates that can still run when others are blocked. Undefined if none is blocked, if all are, or if
 * anything else is blocked too.
 */
export function gatesLeft(
  { findings }: Preflight,
  { selected = gateIds }: GateChoices,
): string[] | undefined {
  const blocked = findings.flatMap(({ state, blocks = [] }) => (state === 'error' ? blocks : []));
  const left = selected.filter((gate) => !blocked.includes(gate));
  // The web-shell build, which is not in `gateIds`, always runs. If it is blocked, leaving out gates does not help.
  const isByGates = blocked.length > 0 && blocked.every((name) => gateIds.some((gate) => gate === name));
  return isByGates && left.length > 0 ? left : undefined;
}

/** Throws a UserError that names the failed checks, if there are any. */
export function requireNoErrors({ findings }: Preflight, hint: string): void {
  const failed = findings.filter(({ state }) => state === 'error').map(({ check }) => check);
  if (failed.length === 0) return;
  throw new UserError(`preflight found blocking problems: ${[...new Set(failed)].join(', ')}`, {
    hint,
  });
}

async function checkCloudWithReport(request: PreflightRequest) {
  const { checkout, location } = request;
  const reported = checkout instanceof UserError ? undefined : await reportedTraffic(checkout, location);
  const expectedTraffic = reported && { shares: reported.shares, source: reported.path };
  const { checkCloud } = await import('@deploy/cloudrun/preflight');
  return checkCloud({ ...request, expectedTraffic });
}

const leftOut: Finding = {
  check: 'login',
  state: 'note',
  found: 'a dry run does not check anything in the cloud',
};

function noCheckout({ message, hint }: UserError): Finding {
  return { check: 'tools', state: 'error', found: message, ...(hint === undefined ? {} : { advice: hint }) };
}

function rank({ check }: Finding): number {
  const place = ORDER.findIndex((name) => check === name || check.startsWith(`${name}:`));
  return place === -1 ? ORDER.length : place;
}
