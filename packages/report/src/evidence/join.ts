import { cleanLine, errorMessage, UserError } from '@deploy/cli';
import type { ServiceLocation } from '@deploy/cloudrun';
import { isSameService } from '../record/service.ts';
import { describeSplit } from '../record/split.ts';
import { findByBaseUrl, findByService } from '../store/find.ts';
import { readReport } from '../store/store.ts';
import { localActor } from '../whereabouts.ts';
import { type Evidence, noEvidence } from './evidence.ts';
import { refuseWithoutEvidence } from './failure.ts';
import { reportEvidence } from './report-evidence.ts';
import type { JoinPlace, JoinRequest } from './request.ts';

/** Joins the newest open report of the service, or the one that EVIDENCE_REPORT names. */
export async function joinByService(
  request: JoinRequest & { location: ServiceLocation },
  place: JoinPlace,
): Promise<Evidence> {
  const { location, note, mayBeMissing = false, isUrgent = false } = request;
  if ('named' in place) {
    if (isUrgent) {
      return evidenceFound(request, async () => {
        await requireReport(place.named, location);
        return place.named;
      });
    }
    await requireReport(place.named, location);
    return evidenceIn(place.named, request);
  }
  return evidenceFound(request, async () => {
    const path = await findByService(place.folder, location);
    if (path === undefined && !mayBeMissing) {
      note(`no open evidence report of ${location.service} in ${place.folder}: this command is not recorded`);
    }
    return path;
  });
}

/** Joins the open report that lists this base URL, or the one that EVIDENCE_REPORT names. */
export async function joinByUrl(
  request: JoinRequest & { baseUrl: string },
  place: JoinPlace,
): Promise<Evidence> {
  if ('named' in place) {
    await requireReport(place.named, undefined);
    return evidenceIn(place.named, request);
  }
  return evidenceFound(request, () => findByBaseUrl(place.folder, request.baseUrl));
}

async function evidenceFound(
  request: JoinRequest,
  find: () => Promise<string | undefined>,
): Promise<Evidence> {
  try {
    const path = await find();
    return path === undefined ? noEvidence : await evidenceIn(path, request);
  } catch (error) {
    request.note(`warning: no evidence is written: ${cleanLine(errorMessage(error), 300)}`);
    return noEvidence;
  }
}

async function evidenceIn(path: string, { account, note }: JoinRequest): Promise<Evidence> {
  const { record: found } = await readReport(path);
  const last = found.steps.at(-1);
  if (last?.state === 'started') {
    note(
      `the last command of this rollout, ${last.name}, began at ${last.startedAt} and has not ended: it is still running, or was killed` +
        (last.asked === undefined ? '' : `; it asked for ${describeSplit(last.asked)}`),
    );
  }
  return reportEvidence({ path, actor: (await account?.()) ?? localActor(), found, deploys: false, note });
}

/** Throws a UserError unless the file is a report, and, if a service is given, a report of that service. */
async function requireReport(path: string, location: ServiceLocation | undefined): Promise<void> {
  const report = await readReport(path).catch((error: unknown) => {
    if (error instanceof UserError) throw error;
    return refuseWithoutEvidence(path, error);
  });
  if (location === undefined || isSameService(report.record, location)) return;
  const { service, project, region } = report.record;
  throw new UserError(
    `${path} is a report of ${service} in ${project}, ${region}, not of ${location.service} in ${location.project}, ${location.region}`,
    { hint: 'Set EVIDENCE_REPORT to the report of this rollout, or to none. Nothing was changed.' },
  );
}
