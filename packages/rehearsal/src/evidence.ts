import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ReportRecord, readReport, rollbackCommand, trafficNow } from '@deploy/report';

const FOLDER = 'apps/openagents.com/service/docs/reports';

/** The rollout's evidence report, and which of the fields that the runbook requires it does not hold. */
export async function checkEvidence(checkout: string): Promise<{ path: string; missing: string[] }> {
  const folder = join(checkout, FOLDER);
  const [name, ...more] = (await readdir(folder)).filter((each) =>
    each.endsWith('-staging-deploy-report.md'),
  );
  if (name === undefined || more.length > 0) {
    throw new Error(
      `one report was to be written in ${folder}, not ${name === undefined ? 0 : 1 + more.length}`,
    );
  }
  const path = join(folder, name);
  const { record } = await readReport(path);
  const missing = Object.entries(required(record)).flatMap(([field, value]) => (value ? [] : [field]));
  return { path, missing };
}

function required(record: ReportRecord): Record<string, unknown> {
  const smoked = (suite: string) =>
    record.smokes.some((smoke) => smoke.suite === suite && smoke.checks.length > 0);
  return {
    'image tag': record.image.tag,
    'image digest': record.image.digest,
    'domain mapping': record.domainMapping,
    'revision before': record.revisions.before,
    'revision deployed': record.revisions.after,
    'traffic split before': record.trafficBefore?.length,
    'traffic split after': trafficNow(record)?.length,
    'traffic changes': record.trafficChanges.length > 0,
    'smoke outputs of health': smoked('health'),
    'smoke outputs of the control service': smoked('control'),
    'stable revision': record.stable,
    'rollback command': rollbackCommand(record),
    'gate verdicts': record.gates?.results.every(({ verdict, cache }) => verdict === 'passed' && cache),
    'maintenance window': record.maintenance.length === 2,
    'verdict of the matrix': record.matrices?.at(-1)?.verdict === 'failed',
  };
}
