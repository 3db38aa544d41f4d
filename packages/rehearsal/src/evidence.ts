import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readReport } from '@deploy/report';
import { type ReportRecord, rollbackCommand, trafficNow } from '@deploy/report/record';
import type { Part } from './steps/parts.ts';

const FOLDER = 'apps/openagents.com/service/docs/reports';

/** Lists the names of a checkout's staging reports. */
export async function reportsIn(checkout: string): Promise<string[]> {
  const names = await readdir(join(checkout, FOLDER)).catch(() => []);
  return names.filter((each) => each.endsWith('-staging-deploy-report.md'));
}

/**
 * Finds the report that the rollout created: the one that is not among `before`. `missing` lists the fields that the
 * runbook requires for these parts and that the report lacks.
 */
export async function checkEvidence(
  checkout: string,
  { before, parts }: { before: readonly string[]; parts: readonly Part[] },
): Promise<{ path: string | undefined; missing: string[] }> {
  const [name, ...more] = (await reportsIn(checkout)).filter((each) => !before.includes(each));
  // A deployment that fails early writes no report.
  if (name === undefined) return { path: undefined, missing: ['a report'] };
  if (more.length > 0) throw new Error(`${1 + more.length} reports in ${join(checkout, FOLDER)}, not one`);
  const path = join(checkout, FOLDER, name);
  const { record } = await readReport(path);
  const missing = Object.entries(required(record)).flatMap(([part, fields]) =>
    parts.some((each) => each === part)
      ? Object.entries(fields).flatMap(([field, value]) => (value ? [] : [field]))
      : [],
  );
  return { path, missing };
}

function required(record: ReportRecord): Partial<Record<Part, Record<string, unknown>>> {
  const smoked = (suite: string) =>
    record.smokes.some((smoke) => smoke.suite === suite && smoke.checks.length > 0);
  return {
    deploy: {
      'image tag': record.image.tag,
      'image digest': record.image.digest,
      'domain mapping': record.domainMapping,
      'revision before': record.revisions.before,
      'revision deployed': record.revisions.after,
      'traffic split before': record.trafficBefore?.length,
      'traffic split after': trafficNow(record)?.length,
      'stable revision': record.stable,
      'rollback command': rollbackCommand(record),
      'gate verdicts': record.gates?.results.every(({ verdict, cache }) => verdict === 'passed' && cache),
    },
    canary: { 'traffic changes': record.trafficChanges.length > 0 },
    smoke: {
      'smoke outputs of health': smoked('health'),
      'smoke outputs of the control service': smoked('control'),
    },
    maintenance: { 'maintenance window': record.maintenance.length === 2 },
    matrix: { 'verdict of the matrix': record.matrices?.at(-1)?.verdict === 'failed' },
  };
}
