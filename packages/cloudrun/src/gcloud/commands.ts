import { gcloudCommand } from '@deploy/cli';
import type { MaintenanceValues } from '../maintenance/values.ts';
import type { Share } from '../service/traffic.ts';
import type { ServiceLocation } from '../service-location.ts';

/**
 * The gcloud command lines that do the same as our actions. Runbooks quote them, so they must stay exactly as they are.
 */
export const gcloudCommands = {
  canaryStatus: (at: ServiceLocation): string =>
    `gcloud run services describe ${at.service} ${flags(at)} --format yaml(status.traffic,status.latestCreatedRevisionName,status.latestReadyRevisionName)`,

  describeRevision: (at: ServiceLocation, revision: string): string =>
    `gcloud run revisions describe ${revision} ${flags(at)}`,

  deployNoTraffic: (at: ServiceLocation, image: string, tag?: string): string =>
    `gcloud run deploy ${at.service} ${flags(at)} --image ${image} --no-traffic${tag === undefined ? '' : ` --tag ${tag}`}`,

  updateTraffic: (at: ServiceLocation, shares: readonly Share[]): string =>
    `gcloud run services update-traffic ${at.service} ${flags(at)} --to-revisions ${shares
      .map(({ revision, percent }) => `${revision}=${percent}`)
      .join(',')}`,

  updateTag: (at: ServiceLocation, tag: string, revision: string): string =>
    `gcloud run services update-traffic ${at.service} ${flags(at)} --update-tags ${tag}=${revision}`,

  removeTag: (at: ServiceLocation, tag: string): string =>
    `gcloud run services update-traffic ${at.service} ${flags(at)} --remove-tags ${tag}`,

  maintenanceStatus: (at: ServiceLocation): string =>
    `gcloud run services describe ${at.service} ${flags(at)} --format yaml(status.latestReadyRevisionName,status.traffic,spec.template.spec.containers[0].env)`,

  createSecret: (project: string, secret: string): string =>
    `gcloud secrets create ${secret} --project ${project} --replication-policy=automatic`,

  addSecretVersion: (project: string, secret: string): string =>
    `gcloud secrets versions add ${secret} --project ${project} --data-file=-`,

  enableMaintenance: (at: ServiceLocation, values: MaintenanceValues): string =>
    `gcloud run services update ${at.service} ${flags(at)} --update-env-vars ${delimited([
      'OA_MAINTENANCE_MODE_ENABLED=true',
      `OA_MAINTENANCE_BYPASS_COOKIE_NAME=${values.cookieName}`,
      `OA_MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS=${values.cookieTtlSeconds}`,
      `OA_MAINTENANCE_ALLOWED_PATHS=${values.allowedPaths}`,
    ])} --update-secrets OA_MAINTENANCE_BYPASS_TOKEN=${values.secretName}:latest`,

  disableMaintenance: (at: ServiceLocation): string =>
    `gcloud run services update ${at.service} ${flags(at)} --update-env-vars OA_MAINTENANCE_MODE_ENABLED=false`,
};

/** The command that shows what serves traffic. Unlike `canaryStatus`, it is quoted for pasting into a shell. */
export function lookCommand(at: ServiceLocation): string {
  return gcloudCommand(gcloudCommands.canaryStatus(at).replace(/--format (\S+)$/, "--format '$1'"));
}

/** A command that lists the regions in which a project may use Cloud Run. */
export function regionsCommand(project: string): string {
  return `gcloud run regions list --project ${project}`;
}

/** The command that lists the services of a project, in all regions, for pasting into a shell. */
export function listCommand({ project }: ServiceLocation): string {
  return gcloudCommand(`gcloud run services list --project ${project}`);
}

/**
 * A list for gcloud, which normally separates entries with commas. Here a value may contain commas, so the list begins
 * by declaring another delimiter (`gcloud topic escaping`): a colon, or another character if a value contains a colon.
 */
function delimited(entries: readonly string[]): string {
  const delimiter =
    [':', '@', '|', ';'].find((each) => entries.every((entry) => !entry.includes(each))) ?? '\u001f';
  return `^${delimiter}^${entries.join(delimiter)}`;
}

function flags({ project, region }: ServiceLocation): string {
  return `--project ${project} --region ${region}`;
}
