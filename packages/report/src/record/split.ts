import { commandLine } from '@deploy/cli';
import type { Share } from '@deploy/cloudrun';
import type { ReportRecord, SmokeEntry } from './schema.ts';

/** What a smoke run met that was made when an earlier attempt of the deployment had found another split. */
export const EARLIER_ATTEMPT = 'earlier attempt';

/** Identifies a record's last traffic change by its time; `start` if there has been no change. */
export function lastChange({ trafficChanges }: ReportRecord): string {
  return trafficChanges.at(-1)?.at ?? 'start';
}

/** The split that served when a smoke run began; undefined when it is not known. */
export function splitMet(record: ReportRecord, { metChange }: SmokeEntry): Share[] | undefined {
  if (metChange === 'start') return record.trafficBefore;
  return record.trafficChanges.find(({ at }) => at === metChange)?.after;
}

/** The last recorded split; undefined when there is none. */
export function trafficNow({ trafficBefore, trafficChanges }: ReportRecord): Share[] | undefined {
  return trafficChanges.at(-1)?.after ?? trafficBefore;
}

/** The split before the rollout or, if a window was open then, before that window; undefined when it is not known. */
export function splitBefore({ trafficBefore, windowBefore }: ReportRecord): Share[] | undefined {
  return windowBefore === undefined ? trafficBefore : windowBefore.backTo;
}

/**
 * The revision to go back to: the last one, other than the candidate, that was given all the traffic in this rollout.
 * If there is none, the one that had all the traffic before the rollout. Moves by a maintenance window do not count.
 */
export function stableNow({ stable, revisions, trafficChanges }: ReportRecord): string | undefined {
  const given = trafficChanges
    .filter(({ byWindow }) => byWindow !== true)
    .flatMap(({ after }) => after.filter(({ percent }) => percent === 100))
    .filter(({ revision }) => revision !== revisions.after && revision !== revisions.deployed);
  return given.at(-1)?.revision ?? stable;
}

/**
 * The command, ready to paste, that restores the split from before the rollout: all traffic to the stable revision or,
 * if there was none, the shares of two revisions. Undefined when the earlier split is not known or a single command
 * cannot restore it.
 */
export function rollbackCommand(record: ReportRecord): string | undefined {
  const { stable } = record;
  if (stable !== undefined) return canaryRollout(record, ['rollback', stable]);
  const [first, second, ...others] = splitBefore(record) ?? [];
  if (first === undefined || second === undefined || others.length > 0) return undefined;
  // set-traffic takes a whole percentage for the second revision and gives the rest to the first.
  if (!Number.isInteger(second.percent) || first.percent + second.percent !== 100) return undefined;
  return canaryRollout(record, ['set-traffic', first.revision, second.revision, String(second.percent)]);
}

/** A command that works in any folder of the machine that deployed. It adds what it does to this report. */
function canaryRollout(
  { project, region, service, emulatorHost, scripts, checkout }: ReportRecord,
  call: readonly string[],
): string {
  const pnpm = scripts === undefined ? ['pnpm'] : ['npx', '--yes', 'pnpm@12', '--dir', scripts];
  return commandLine(
    [
      ['CLOUD_RUN_EMULATOR_HOST', emulatorHost],
      ['OPENAGENTS_REPO_ROOT', scripts && checkout.root],
      ['PROJECT', project],
      ['REGION', region],
      ['SERVICE', service],
    ],
    [...pnpm, 'tsx', 'scripts/canary-rollout.ts', ...call],
  );
}

/**
 * The traffic change that took the last traffic from the candidate. Undefined if the candidate still has traffic, or
 * never had any.
 */
export function lossOfCandidate(record: ReportRecord): ReportRecord['trafficChanges'][number] | undefined {
  const { after } = record.revisions;
  if (after === undefined || percentOf(trafficNow(record) ?? [], after) > 0) return undefined;
  return record.trafficChanges.findLast((change) => percentOf(change.before, after) > 0);
}

export function percentOf(split: readonly Share[], revision: string | undefined): number {
  return split.find((share) => share.revision === revision)?.percent ?? 0;
}

/** Only the percentages of a split, in its order, such as `95/5`. */
export function percentsOf(split: readonly Share[]): string {
  return split.map(({ percent }) => percent).join('/');
}

/** A split as text, such as `svc-00002-abc 95 %, svc-00003-def 5 %`. */
export function describeSplit(split: readonly Share[]): string {
  return split.map(({ revision, percent }) => `${revision} ${percent} %`).join(', ') || 'nothing';
}
