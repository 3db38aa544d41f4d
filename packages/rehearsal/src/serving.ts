import type { Emulator } from '@deploy/emulator';
import { request } from 'undici';

/** Which revisions serve, as Cloud Run reports it, and which builds answered 100 requests to the service's URL. */
export type Serving = { reported: string; counted: string };

const REQUESTS = 100;

export async function lookAtServing(emulator: Emulator, service: string): Promise<Serving> {
  const { uri } = emulator.service(service);
  const builds = new Map<string, number>();
  for (let i = 0; i < REQUESTS; i += 1) {
    const { statusCode, body } = await request(`${uri}/manifest.json`);
    const build =
      statusCode === 200 ? ((await body.json()) as { buildId: string }).buildId : `HTTP ${statusCode}`;
    if (statusCode !== 200) await body.dump();
    builds.set(build, (builds.get(build) ?? 0) + 1);
  }
  return {
    reported: reportedServing(emulator, service),
    counted: [...builds].map(([build, count]) => `${count} x ${build}`).join(', '),
  };
}

/** Which revisions serve, as Cloud Run reports it. */
export function reportedServing(emulator: Emulator, service: string): string {
  const { trafficStatuses, latestReadyRevision } = emulator.service(service);
  return trafficStatuses
    .filter(({ percent }) => percent)
    .map(({ revision, percent }) => `${revision ?? lastPart(latestReadyRevision ?? '')} ${percent} %`)
    .join(', ');
}

/** The last part of a resource's name, which is the name that people use. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
