import type { ServiceLocation } from '@deploy/cloudrun';
import type { Whereabouts } from '../whereabouts.ts';
import { type ReportRecord, VERSION } from './schema.ts';

export type DeploymentStart = {
  location: ServiceLocation;
  image: string;
  emulatorHost?: string | undefined;
  account: string | undefined;
  whereabouts: Whereabouts;
  at: string;
};

/** The record of a deployment that has not changed anything yet. */
export function startRecord({
  location,
  image,
  emulatorHost,
  account,
  whereabouts,
  at,
}: DeploymentStart): ReportRecord {
  const { project, region, service } = location;
  return {
    report: 'staging-deploy',
    version: VERSION,
    state: 'started',
    startedAt: at,
    ...(account === undefined ? {} : { account }),
    ...whereabouts,
    ...(emulatorHost === undefined ? {} : { emulatorHost }),
    project,
    region,
    service,
    image: readImage(image),
    baseUrls: [],
    revisions: {},
    steps: [],
    trafficChanges: [],
    smokes: [],
    maintenance: [],
  };
}

/** The record of the same deployment when it is started again. It keeps what happened before. */
export function restartRecord(record: ReportRecord, { account, whereabouts }: DeploymentStart): ReportRecord {
  const { gates: _, account: __, ...rest } = record;
  return {
    ...rest,
    state: 'started',
    ...(account === undefined ? {} : { account }),
    ...whereabouts,
  };
}

/** Splits an image reference, `repository[:tag][@digest]`. A port is not a tag. */
function readImage(reference: string): ReportRecord['image'] {
  const match = /^[^@]*?(?::(?<tag>[^:/@]+))?(?:@(?<digest>.+))?$/.exec(reference);
  const { tag, digest } = match?.groups ?? {};
  return {
    reference,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  };
}
