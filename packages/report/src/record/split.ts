import type { Share } from '@deploy/cloudrun';
import type { ReportRecord } from './schema.ts';

/** The split as last seen; undefined when none was. */
export function trafficNow({ trafficBefore, trafficChanges }: ReportRecord): Share[] | undefined {
  return trafficChanges.at(-1)?.after ?? trafficBefore;
}

/** The revision that held most traffic before the rollout. Of two that held the same, neither is guessed. */
export function stableRevision({ trafficBefore }: ReportRecord): string | undefined {
  const [most, next] = [...(trafficBefore ?? [])].sort((a, b) => b.percent - a.percent);
  return most !== undefined && most.percent > (next?.percent ?? 0) ? most.revision : undefined;
}

/** What brings all traffic back to the stable revision, ready to paste; undefined when there is none. */
export function rollbackCommand(record: ReportRecord): string | undefined {
  const stable = stableRevision(record);
  const { project, region, service } = record;
  return stable === undefined
    ? undefined
    : `PROJECT=${project} REGION=${region} SERVICE=${service} pnpm tsx scripts/canary-rollout.ts rollback ${stable}`;
}

/** The percentage that a revision has in a split. */
export function percentOf(split: readonly Share[], revision: string | undefined): number {
  return split.find((share) => share.revision === revision)?.percent ?? 0;
}

/** `svc-00002-abc 95 %, svc-00003-def 5 %`. */
export function describeSplit(split: readonly Share[]): string {
  return split.map(({ revision, percent }) => `${revision} ${percent} %`).join(', ') || 'nothing';
}
