import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '@deploy/cli';
import type { ReportRecord } from '../record/schema.ts';
import { isSameService } from '../record/service.ts';
import { type DeploymentStart, restartRecord, startRecord } from '../record/start.ts';
import { reportsFolder } from '../settings.ts';
import { createAt, createReport, readReport, updateReport } from '../store/store.ts';
import { localActor, whereabouts } from '../whereabouts.ts';
import type { Evidence } from './evidence.ts';
import { refuseWithoutEvidence } from './failure.ts';
import { reportEvidence } from './report-evidence.ts';
import type { OpenRequest } from './request.ts';

/** Creates the deployment's report, or continues the file that EVIDENCE_REPORT names. */
export async function openReport(request: OpenRequest): Promise<Evidence> {
  const { evidenceReport, checkout, location, image, emulatorHost, kind = 'staging', note } = request;
  const named = evidenceReport === undefined ? undefined : resolve(evidenceReport);
  const [account, where] = await Promise.all([request.account?.(), whereabouts(checkout)]);
  const start = { location, image, emulatorHost, account, whereabouts: where, at: new Date().toISOString() };
  const folder = join(checkout.root, reportsFolder(checkout));
  const path = named === undefined ? await openNew(folder, kind, start) : await openNamed(named, start);
  note(`evidence report: ${path}`);
  const { record: found } = await readReport(path);
  return reportEvidence({ path, actor: account ?? localActor(), found, deploys: true, note });
}

async function openNew(folder: string, kind: string, start: DeploymentStart): Promise<string> {
  try {
    return await createReport(folder, kind, startRecord(start));
  } catch (error) {
    return refuseWithoutEvidence(folder, error);
  }
}

async function openNamed(path: string, start: DeploymentStart): Promise<string> {
  try {
    await mkdir(dirname(path), { recursive: true });
    if (existsSync(path) || !(await createAt(path, startRecord(start)))) {
      await updateReport(path, (record) => {
        requireSameDeployment(record, start, path);
        return restartRecord(record, start);
      });
    }
    return path;
  } catch (error) {
    if (error instanceof UserError) throw error;
    return refuseWithoutEvidence(path, error);
  }
}

function requireSameDeployment(
  record: ReportRecord,
  { location, image }: DeploymentStart,
  path: string,
): void {
  const isSame =
    record.image.reference === image && record.state !== 'deployed' && isSameService(record, location);
  if (isSame) return;
  throw new UserError(
    `${path} is the report of another deployment: ${record.image.reference} to ${record.service}, begun ${record.startedAt}`,
    {
      hint: 'Set EVIDENCE_REPORT to a file that does not exist yet, or leave it unset. Nothing was changed.',
    },
  );
}
