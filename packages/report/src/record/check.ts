import * as v from 'valibot';
import { type ReportRecord, recordSchema, VERSION } from './schema.ts';

const newer = v.object({ version: v.pipe(v.number(), v.gtValue(VERSION)) });

type Checked = { ok: true; record: ReportRecord } | { ok: false; why: string };

/** Checks every field of a record. Says which field is the first wrong one, and what is wrong with it. */
export function checkRecord(value: unknown): Checked {
  if (v.is(newer, value)) return { ok: false, why: 'a newer version of these scripts wrote it: update them' };
  const result = v.safeParse(recordSchema, value, { abortEarly: true });
  if (result.success) return { ok: true, record: upgraded(result.output) };
  const [issue] = result.issues;
  const place = v.getDotPath(issue);
  return { ok: false, why: place === null ? issue.message : `${place}: ${issue.message}` };
}

/** Turns a record of an earlier version into one of this version. */
function upgraded({ matrix, updatedAt: _, ...rest }: ReportRecord): ReportRecord {
  const record: ReportRecord = { ...rest, version: VERSION };
  return withStable(
    matrix === undefined ? record : { ...record, matrices: [matrix, ...(record.matrices ?? [])] },
  );
}

/** Earlier versions did not record the stable revision. If a single revision served, it was the stable one. */
function withStable(record: ReportRecord): ReportRecord {
  const [only, ...others] = record.trafficBefore ?? [];
  if (
    record.stable !== undefined ||
    record.windowBefore !== undefined ||
    only === undefined ||
    others.length > 0
  )
    return record;
  return only.percent === 100 ? { ...record, stable: only.revision } : record;
}
