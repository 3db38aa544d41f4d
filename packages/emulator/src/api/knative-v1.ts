import { revisionToKnative } from '../knative/revision.ts';
import { KNATIVE_MASK, resourceVersion, serviceFromKnative, serviceToKnative } from '../knative/service.ts';
import type { KnativeService } from '../knative/types.ts';
import { aborted, invalidArgument, notFound } from '../protocol/errors.ts';
import { shortName } from '../service/resources.ts';
import type { ServiceStore } from '../service/store.ts';
import type { StoredService } from '../service/stored-service.ts';
import type { Guard } from './access.ts';
import { type Call, param, type Routes } from './call.ts';

const API_VERSION = 'serving.knative.dev/v1';
const SERVING = `/apis/${API_VERSION}/namespaces/:project`;

/** The Knative v1 calls that gcloud makes: https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services */
export function knativeRoutes(store: ServiceStore, guard: Guard, { region }: { region: string }): Routes {
  const authorize = (call: Call, permission: string): string => {
    const project = param(call, 'project');
    guard.require(permission, project, `namespaces/${project}/services/${call.params.service ?? ''}`);
    return project;
  };
  const isHere = (call: Call): boolean => call.region === undefined || call.region === region;
  const find = (call: Call): StoredService => {
    const name = param(call, 'service');
    if (!isHere(call)) throw notFound(`${name} in ${call.region}`);
    return store.find(name);
  };
  const services = (call: Call): StoredService[] => (isHere(call) ? store.list() : []);

  return [
    {
      method: 'GET',
      path: `${SERVING}/services/:service`,
      handle(call) {
        const project = authorize(call, 'run.services.get');
        return serviceToKnative(find(call), project);
      },
    },
    {
      method: 'GET',
      path: `${SERVING}/services`,
      handle(call) {
        const project = authorize(call, 'run.services.list');
        return listOf(
          'ServiceList',
          services(call).map((service) => serviceToKnative(service, project)),
        );
      },
    },
    {
      method: 'POST',
      path: `${SERVING}/services`,
      async handle(call) {
        const project = authorize(call, 'run.services.create');
        const body = requireService(call.body);
        const { name } = body.metadata;
        const { preview } = await store.create(
          name,
          { ...serviceFromKnative(body), person: call.person },
          isDryRun(call),
        );
        return preview === undefined ? serviceToKnative(store.find(name), project) : { ...body };
      },
    },
    {
      method: 'PUT',
      path: `${SERVING}/services/:service`,
      handle(call) {
        const project = authorize(call, 'run.services.update');
        const service = find(call);
        guard.requireActAs(service.json.template);
        const { preview } = replaceService(store, service, call);
        return serviceToKnative(preview === undefined ? service : { ...service, json: preview }, project);
      },
    },
    {
      method: 'GET',
      path: `${SERVING}/revisions`,
      handle(call) {
        const project = authorize(call, 'run.revisions.list');
        const revisions = services(call).flatMap((service) =>
          service.revisions.map((revision) => revisionToKnative(revision, project)).reverse(),
        );
        return listOf('RevisionList', selected(revisions, call.query.get('labelSelector') ?? ''));
      },
    },
    {
      method: 'GET',
      path: `${SERVING}/revisions/:revision`,
      handle(call) {
        const project = authorize(call, 'run.revisions.get');
        const name = param(call, 'revision');
        const found = services(call)
          .flatMap(({ revisions }) => revisions)
          .find((revision) => revision.name === name);
        if (found === undefined) throw notFound(`revisions/${name}`);
        return revisionToKnative(found, project);
      },
    },
    {
      method: 'DELETE',
      path: `${SERVING}/revisions/:revision`,
      handle(call) {
        authorize(call, 'run.revisions.delete');
        const name = param(call, 'revision');
        const owner = services(call).find(({ revisions }) => revisions.some((each) => each.name === name));
        if (owner === undefined) throw notFound(`revisions/${name}`);
        store.removeRevision(shortName(owner.json.name), name);
        return { apiVersion: 'v1', kind: 'Status', status: 'Success' };
      },
    },
    {
      // `gcloud run services list` without a region asks for the services of all regions, with the location `-`
      // (ListServices in api_lib/run/global_methods.py of gcloud 528):
      // https://cloud.google.com/run/docs/reference/rest/v1/projects.locations.services/list
      method: 'GET',
      path: '/v1/projects/:project/locations/:location/services',
      handle(call) {
        const project = authorize(call, 'run.services.list');
        const isAsked = ['-', region].includes(param(call, 'location'));
        const items = (isAsked ? store.list() : []).map((service) => serviceToKnative(service, project));
        return listOf('ServiceList', items);
      },
    },
    {
      method: 'GET',
      path: '/v1/projects/:project/locations',
      handle(call) {
        const project = authorize(call, 'run.locations.list');
        return { locations: [{ name: `projects/${project}/locations/${region}`, locationId: region }] };
      },
    },
  ];
}

// gcloud requires `metadata` in the list and looks there for the token of the next page.
function listOf(kind: string, items: unknown[]) {
  return { apiVersion: API_VERSION, kind, metadata: {}, items };
}

/** replaceService: replaces the whole object if its resourceVersion is still the one that was read. */
function replaceService(store: ServiceStore, service: StoredService, call: Call) {
  const body = requireService(call.body);
  const name = param(call, 'service');
  if (body.metadata.name !== name)
    throw invalidArgument(`metadata.name: '${body.metadata.name}' is not the service in the URL, '${name}'.`);
  const seen = body.metadata.resourceVersion;
  const current = resourceVersion(service.json.etag);
  if (seen && seen !== current) {
    throw aborted(
      `Conflict for resource '${name}': version '${seen}' was specified but current version is '${current}'.`,
    );
  }
  const change = { ...serviceFromKnative(body), mask: KNATIVE_MASK, person: call.person };
  return store.update(name, change, isDryRun(call));
}

/** `dryRun=all`: checks everything and changes nothing. */
function isDryRun({ query }: Call): boolean {
  return query.get('dryRun') === 'all';
}

function requireService(body: unknown): KnativeService {
  const service = body as Partial<KnativeService>;
  if (
    service.apiVersion !== API_VERSION ||
    service.kind !== 'Service' ||
    typeof service.metadata?.name !== 'string' ||
    service.spec?.template === undefined
  ) {
    throw invalidArgument(`A service in the form of ${API_VERSION} is expected.`);
  }
  return service as KnativeService;
}

/** Reads label selectors as gcloud writes them, `key = value`. Any other selector selects everything. */
function selected<T extends ReturnType<typeof revisionToKnative>>(revisions: T[], selector: string): T[] {
  const [, key, value] = /^\s*(\S+?)\s*=\s*(\S+)\s*$/.exec(selector) ?? [];
  if (key === undefined) return revisions;
  return revisions.filter(({ metadata }) => (metadata.labels as Record<string, string>)[key] === value);
}
