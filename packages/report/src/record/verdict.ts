import { canonicalBaseUrl, isOwnUrl } from './base-url.ts';
import { isAboutService, notMade } from './matrix.ts';
import type { ReportRecord, SmokeEntry, StepEntry } from './schema.ts';
import { hadNoToken } from './smoke-entry.ts';
import { lastChange, lossOfCandidate, percentOf, trafficNow } from './split.ts';

/** Whether to go on with the rollout, and the reasons that decided this. */
type GoOrNoGo = { verdict: 'go' | 'no-go' | 'undecided'; reasons: string[] };

/** A reason to stop (`no`), something that is not known yet (`open`), or a reason to go on (`yes`). */
type Reason = { weighs: 'no' | 'open' | 'yes'; reason: string };

/**
 * A single `no` makes the verdict no-go; otherwise a single `open` makes it undecided. Only the reasons that decided it
 * are returned.
 */
export function verdictOf(record: ReportRecord): GoOrNoGo {
  const found = [
    ...deploymentReasons(record),
    ...stepReasons(record),
    ...gateReasons(record),
    ...trafficReasons(record),
    ...smokeReasons(record),
    ...maintenanceReasons(record),
    ...matrixReasons(record),
  ];
  const reasons = (weighs: Reason['weighs']): string[] =>
    found.flatMap((each) => (each.weighs === weighs ? [each.reason] : []));
  if (reasons('no').length > 0) return { verdict: 'no-go', reasons: reasons('no') };
  if (reasons('open').length > 0) return { verdict: 'undecided', reasons: reasons('open') };
  return { verdict: 'go', reasons: reasons('yes') };
}

function deploymentReasons({ state, revisions }: ReportRecord): Reason[] {
  switch (state) {
    case 'started':
      return [{ weighs: 'open', reason: 'the deployment is under way, or was killed' }];
    case 'stopped':
      return [{ weighs: 'no', reason: 'the deployment was stopped before anything was deployed' }];
    case 'failed':
      return [{ weighs: 'no', reason: 'the deployment failed' }];
    case 'deployed':
      return [{ weighs: 'yes', reason: `revision ${revisions.after ?? ''} came up` }];
  }
}

/** If a step ran several times, its last run counts. A run that was refused changed nothing, so it does not count. */
function stepReasons({ steps, state }: ReportRecord): Reason[] {
  const counting = steps.filter(({ refused }) => refused !== true);
  const last = new Map<string, StepEntry>(counting.map((step) => [step.name, step]));
  return [...last.values()].flatMap(({ name, state: ended, detail }): Reason[] => {
    if (ended === 'failed') return [{ weighs: 'no', reason: `${name} failed${detail ? `: ${detail}` : ''}` }];
    // A deployment that is under way is a reason of its own. Its unfinished steps would only repeat it.
    if (ended === 'started' && state !== 'started') {
      return [{ weighs: 'open', reason: `${name} was started and has not ended` }];
    }
    return [];
  });
}

function gateReasons({ gates }: ReportRecord): Reason[] {
  if (gates === undefined) return [{ weighs: 'open', reason: 'no verification gate has been run' }];
  const bad = gates.results.filter(({ verdict }) => verdict !== 'passed');
  if (bad.length > 0) {
    return bad.map(({ gate, verdict }) => ({
      weighs: 'no',
      reason: verdict === 'failed' ? `gate ${gate} failed` : `gate ${gate} was not run`,
    }));
  }
  switch (gates.extent) {
    case 'skipped':
      return [{ weighs: 'open', reason: 'the verification gates were skipped' }];
    case 'partial':
      return [{ weighs: 'open', reason: 'only some of the verification gates were run' }];
    case 'all':
      return [{ weighs: 'yes', reason: 'all verification gates passed' }];
  }
}

function trafficReasons(record: ReportRecord): Reason[] {
  const { after } = record.revisions;
  if (after === undefined) return [];
  const now = percentOf(trafficNow(record) ?? [], after);
  const lost = lossOfCandidate(record);
  if (lost !== undefined) {
    return lost.byWindow === true
      ? [{ weighs: 'open', reason: `${after} has no traffic since a maintenance window moved it` }]
      : [{ weighs: 'no', reason: `${after} was rolled back` }];
  }
  if (now < 100) return [{ weighs: 'open', reason: `${after} has ${now} % of the traffic` }];
  return [{ weighs: 'yes', reason: `${after} has all the traffic` }];
}

/**
 * Only smoke runs against the service's own URLs, begun after the last traffic change, show what the public gets now.
 * Of these, the last run of each suite at each URL counts: a pass at one URL does not make up for a failure at another.
 */
export function countingSmokes(record: ReportRecord): SmokeEntry[] {
  const runs = record.smokes.filter((run) => isOwnUrl(record, run.baseUrl) && metWhatServes(record, run));
  const last = new Map(runs.map((run) => [`${run.suite} ${canonicalBaseUrl(run.baseUrl)}`, run]));
  return [...last.values()];
}

function smokeReasons(record: ReportRecord): Reason[] {
  const counting = countingSmokes(record);
  return ['health', 'control'].flatMap((suite): Reason[] => {
    const last = counting.filter((run) => run.suite === suite);
    if (last.length === 0) {
      const when = record.trafficChanges.length === 0 ? '' : ' since the last traffic change';
      return [{ weighs: 'open', reason: `no ${suite} smoke of the service's own URLs has been run${when}` }];
    }
    const failed = last.filter(({ state }) => state === 'failed');
    if (failed.length > 0) {
      return failed.map(({ baseUrl }) => ({ weighs: 'no', reason: `${suite} smoke of ${baseUrl} failed` }));
    }
    const byToken = Map.groupBy(last, hadNoToken);
    return [...byToken].map(([withoutToken, runs]) => {
      const urls = runs.map(({ baseUrl }) => baseUrl).join(' and ');
      return { weighs: 'yes', reason: `${suite} smoke of ${urls} passed${withoutToken ? NO_TOKEN : ''}` };
    });
  });
}

const NO_TOKEN = ', without an access token: sessions and tokens were not checked';

/** Whether no traffic change was recorded since a smoke run began. */
function metWhatServes(record: ReportRecord, { metChange, at }: SmokeEntry): boolean {
  if (metChange !== undefined) return metChange === lastChange(record);
  return Date.parse(at) >= (Date.parse(record.trafficChanges.at(-1)?.at ?? '') || 0);
}

function maintenanceReasons({ maintenance }: ReportRecord): Reason[] {
  return maintenance.at(-1)?.mode === 'on'
    ? [{ weighs: 'open', reason: 'the maintenance window is open' }]
    : [];
}

/** The last complete matrix about this service counts. An incomplete one counts only if there is no complete one. */
function matrixReasons(record: ReportRecord): Reason[] {
  const matrices = (record.matrices ?? []).filter((run) => isAboutService(record, run));
  const last = matrices.findLast(({ verdict }) => verdict !== 'incomplete') ?? matrices.at(-1);
  switch (last?.verdict) {
    case undefined:
      return [];
    case 'passed':
      return [{ weighs: 'yes', reason: 'validation matrix passed' }];
    case 'failed':
      return [{ weighs: 'no', reason: 'validation matrix failed' }];
    case 'incomplete':
      return [{ weighs: 'open', reason: `validation matrix is incomplete: ${notMade(last)}` }];
  }
}
