import type { Share } from './traffic.ts';

export type ServiceLocation = { project: string; region: string; service: string };

/** The gcloud command lines that do what our actions do. Runbooks quote them: they are interface, to the letter. */
export const gcloudCommands = {
  canaryStatus: (at: ServiceLocation): string =>
    `gcloud run services describe ${at.service} ${flags(at)} --format yaml(status.traffic,status.latestCreatedRevisionName,status.latestReadyRevisionName)`,

  deployNoTraffic: (at: ServiceLocation, image: string): string =>
    `gcloud run deploy ${at.service} ${flags(at)} --image ${image} --no-traffic`,

  updateTraffic: (at: ServiceLocation, shares: readonly Share[]): string =>
    `gcloud run services update-traffic ${at.service} ${flags(at)} --to-revisions ${shares
      .map(({ revision, percent }) => `${revision}=${percent}`)
      .join(',')}`,
};

function flags({ project, region }: ServiceLocation): string {
  return `--project ${project} --region ${region}`;
}
