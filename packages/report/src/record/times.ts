import type { ReportRecord } from './schema.ts';

/** The latest time in a record, by whichever machine's clock: for people to read, not to compare with. */
export function lastTime(record: ReportRecord): string {
  const times = [
    record.startedAt,
    ...record.steps.map(({ startedAt, endedAt }) => endedAt ?? startedAt),
    ...[...record.trafficChanges, ...record.smokes, ...record.maintenance].map(({ at }) => at),
    ...(record.matrices ?? []).map(({ at }) => at),
  ];
  return times.reduce((latest, time) => (Date.parse(time) > Date.parse(latest) ? time : latest));
}
