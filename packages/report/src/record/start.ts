import type { ServiceLocation } from '@deploy/cloudrun';
import type { Whereabouts } from '../whereabouts.ts';
import { readImage } from './image.ts';
import { type ReportRecord, VERSION } from './schema.ts';

export type DeploymentStart = {
  location: ServiceLocation;
  image: string;
  account: string | undefined;
  whereabouts: Whereabouts;
  at: string;
};

/** The record of a deployment that begins now and has changed nothing yet. */
export function startRecord({ location, image, account, whereabouts, at }: DeploymentStart): ReportRecord {
  const { project, region, service } = location;
  return {
    report: 'staging-deploy',
    version: VERSION,
    state: 'started',
    startedAt: at,
    ...(account === undefined ? {} : { account }),
    host: whereabouts.host,
    checkout: whereabouts.checkout,
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

/** The same record when the same deployment is begun once more; what happened before stays in it. */
export function restartRecord(record: ReportRecord, { account, whereabouts }: DeploymentStart): ReportRecord {
  const { gates: _, account: __, ...rest } = record;
  return {
    ...rest,
    state: 'started',
    ...(account === undefined ? {} : { account }),
    host: whereabouts.host,
    checkout: whereabouts.checkout,
  };
}
