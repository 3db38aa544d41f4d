import type { Emulator } from '@deploy/emulator';
import { request } from 'undici';

/** Which revisions serve, as Cloud Run reports it, and which builds answered 100 requests to the service's URL. */
export type Serving = { reported: string; counted: string };

const REQUESTS = 100;

export async function lookAtServing(emulator: Emulator, service: string): Promise<Serving> {
  const { trafficStatuses, latestReadyRevision, uri } = emulator.service(service);
  const reported = trafficStatuses
    .filter(({ percent }) => percent)
    .map(({ revision, percent }) => `${revision ?? latestReadyRevision?.split('/').at(-1)} ${percent} %`)
    .join(', ');

  const builds = new Map<string, number>();
  for (let i = 0; i < REQUESTS; i += 1) {
    const { statusCode, body } = await request(`${uri}/manifest.json`);
    const build =
      statusCode === 200 ? ((await body.json()) as { buildId: string }).buildId : `HTTP ${statusCode}`;
    if (statusCode !== 200) await body.dump();
    builds.set(build, (builds.get(build) ?? 0) + 1);
  }
  return { reported, counted: [...builds].map(([build, count]) => `${count} x ${build}`).join(', ') };
}
