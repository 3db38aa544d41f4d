import { revisionToKnative } from '../knative/revision.ts';
import { resourceVersion, serviceToKnative, targetFromKnative } from '../knative/service.ts';
import { templateFromKnative } from '../knative/template.ts';
import type { KnativeService } from '../knative/types.ts';
import type { ServiceStore } from '../service/store.ts';
import { type Call, type Handler, param, type Routes } from './call.ts';
import { aborted, invalidArgument, notFound } from './errors.ts';
import type { Guard } from './run-v2.ts';

const SERVING = '/apis/serving.knative.dev/v1/namespaces/:project';

/** The Knative v1 calls that gcloud makes: https://cloud.google.com/run/docs/reference/rest/v1/namespaces.services */
export function knativeRoutes(store: ServiceStore, guard: Guard, { region }: { region: string }): Routes {
  const authorize = (call: Call, permission: string): string => {
    const project = param(call, 'project');
    const refused = guard(permission, project, `namespaces/${project}/services/${call.params.service ?? ''}`);
    if (refused !== undefined) throw refused;
    return project;
  };
  const show: Handler = (call) => {
    const project = authorize(call, 'run.services.get');
    return serviceToKnative(store.find(param(call, 'service')), project);
  };

  return [
    { method: 'GET', path: `${SERVING}/services/:service`, handle: show },
    {
      method: 'GET',
      path: `${SERVING}/services`,
      handle(call) {
        const project = authorize(call, 'run.services.list');
        return {
          apiVersion: 'serving.knative.dev/v1',
          kind: 'ServiceList',
          items: store.list().map((service) => serviceToKnative(service, project)),
        };
      },
    },
    {
      method: 'PUT',
      path: `${SERVING}/services/:service`,
      handle(call) {
        const project = authorize(call, 'run.services.update');
        const service = store.find(param(call, 'service'));
        replaceService(store, requireService(call.body), param(call, 'service'), call.person);
        return serviceToKnative(service, project);
      },
    },
    {
      method: 'GET',
      path: `${SERVING}/revisions`,
      handle(call) {
        const project = authorize(call, 'run.revisions.list');
        return {
          apiVersion: 'serving.knative.dev/v1',
          kind: 'RevisionList',
          items: selectRevisions(store, call.query.get('labelSelector') ?? '', project),
        };
      },
    },
    {
      method: 'GET',
      path: `${SERVING}/revisions/:revision`,
      handle(call) {
        const project = authorize(call, 'run.revisions.get');
        const name = param(call, 'revision');
        const found = store
          .list()
          .flatMap(({ revisions }) => revisions)
          .find((revision) => revision.name === name);
        if (found === undefined) throw notFound(`revisions/${name}`);
        return revisionToKnative(found, project);
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

/** replaceService: the whole object, guarded by the resourceVersion that it was read with. */
function replaceService(store: ServiceStore, body: KnativeService, name: string, person: string): void {
  const service = store.find(name);
  const seen = body.metadata.resourceVersion;
  const current = resourceVersion(service.json.etag);
  if (seen !== undefined && seen !== '' && seen !== current) {
    throw aborted(
      `Conflict for resource '${name}': version '${seen}' was specified but current version is '${current}'.`,
    );
  }
  const { template, extras } = templateFromKnative(body.spec.template);
  const traffic = (body.spec.traffic ?? []).map(targetFromKnative);
  store.update(name, { fields: { template, traffic }, mask: 'template,traffic', person });
  service.knative.templateAnnotations = extras.annotations;
  service.knative.templateLabels = extras.labels;
}

function requireService(body: unknown): KnativeService {
  const service = body as Partial<KnativeService>;
  if (service.kind !== 'Service' || service.spec?.template === undefined || service.metadata === undefined) {
    throw invalidArgument('A service in the form of serving.knative.dev/v1 is expected.');
  }
  return service as KnativeService;
}

/** Label selectors as gcloud writes them: `key = value` or `key in (…)`; others select everything. */
function selectRevisions(store: ServiceStore, selector: string, project: string) {
  const all = store
    .list()
    .flatMap(({ revisions }) => revisions.map((revision) => revisionToKnative(revision, project)));
  const [, key, value] = /^\s*(\S+?)\s*=\s*(\S+)\s*$/.exec(selector) ?? [];
  if (key === undefined) return all;
  return all.filter(({ metadata }) => (metadata.labels as Record<string, string>)[key] === value);
}
