import { isDeepStrictEqual } from 'node:util';
import type { OperationFate } from '../faults.ts';
import { type Ingress, openFrontEnd } from '../network/front-end.ts';
import type { EmulatorOptions } from '../options.ts';
import type { Json } from '../protocol/descriptors.ts';
import { ApiError, aborted, alreadyExists, failedPrecondition, notFound } from '../protocol/errors.ts';
import type { ContainerOptions } from './containers.ts';
import { applyMask } from './field-mask.ts';
import { resolveImage } from './ingress.ts';
import { createOperationLog, type Operation } from './operations.ts';
import { createReconciler } from './reconcile.ts';
import {
  condition,
  type KnativeExtras,
  NO_EXTRAS,
  type RevisionJson,
  type ServiceJson,
  shortName,
} from './resources.ts';
import { newEtag, revisionFor, type StoredRevision } from './revisions.ts';
import type { StoredService } from './stored-service.ts';
import { validateService, validateServiceName } from './validate.ts';

export type ServiceChange = {
  /** The new values, with v2's field names. Only the fields in the mask are used. */
  fields: Json;
  mask?: string | undefined;
  /** The annotations and labels that only v1 has (default: unchanged). */
  knative?: KnativeExtras;
  /** The etag that the caller read. With strict etags, the update fails when the service has changed since. */
  etag?: string | undefined;
  person: string;
  /** A simulated failure of the operation; undefined for a normal end. */
  fate?: OperationFate | undefined;
};

/** A service that was recorded elsewhere and is taken over as it was, not created here. */
export type AdoptedService = {
  name: string;
  /** Makes the service's JSON, once the service's address is known. */
  json(place: { name: string; uri: string; urls: string[]; etag: string }): ServiceJson;
  knative: KnativeExtras;
  /** Makes the service's revisions, oldest first. Each is either ready and has a container, or has failed. */
  revisions(json: ServiceJson): Promise<StoredRevision[]>;
};

export type ServiceStore = {
  has(name: string): boolean;
  find(name: string): StoredService;
  list(): StoredService[];
  /** The service as v2 shows it. */
  read(name: string): ServiceJson;
  revisions(name: string): RevisionJson[];
  /** With `validateOnly`, returns what the service would become and changes nothing. */
  create(
    name: string,
    change: Omit<ServiceChange, 'mask' | 'etag'>,
    validateOnly?: boolean,
  ): Promise<Operation>;
  update(name: string, change: ServiceChange, validateOnly?: boolean): Operation;
  /**
   * Deletes a service with all its revisions, unless the caller read another etag. With `validateOnly`, changes nothing.
   * The operations of a deleted service can still be read.
   */
  remove(name: string, etag: string | undefined, validateOnly?: boolean): Operation;
  /** Refuses, with a 400, to remove the newest revision, the latest ready one, or any that the traffic split names. */
  removeRevision(name: string, revision: string): void;
  adopt(service: AdoptedService): Promise<void>;
  operation(name: string): Operation;
  operations(): Operation[];
  /** Resolves when every change under way has settled. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

type StoreOptions = Required<
  Pick<EmulatorOptions, 'project' | 'region' | 'etags' | 'reconcileMs' | 'latestReadyLags'>
> &
  ContainerOptions & { ingress: Ingress };

export function createServiceStore(options: StoreOptions): ServiceStore {
  const parent = `projects/${options.project}/locations/${options.region}`;
  const services = new Map<string, StoredService>();
  const operations = createOperationLog(parent);
  const reconciler = createReconciler(options);

  const find = (name: string): StoredService => {
    const service = services.get(name);
    if (service !== undefined) return service;
    throw new ApiError(
      404,
      'NOT_FOUND',
      `Resource '${name}' of kind 'SERVICE' in region '${options.region}' in project '${options.project}' does not exist.`,
    );
  };

  const requireEtag = (name: string, etag: string | undefined, current: ServiceJson): void => {
    if (options.etags !== 'strict' || !etag || etag === current.etag) return;
    throw aborted(
      `Conflict for resource '${name}': etag '${etag}' was specified but the current one is '${current.etag}'.`,
    );
  };

  /** Accepts the next state of a service and starts carrying it out. */
  const accept = (
    service: StoredService,
    next: ServiceJson,
    knative: KnativeExtras,
    fate?: OperationFate,
  ): Operation => {
    const made = revisionToMake(service, next, knative);
    const working = condition('Ready', 'CONDITION_RECONCILING', {
      message: 'The change is being carried out.',
    });
    service.json = { ...next, reconciling: true, terminalCondition: working, etag: newEtag() };
    service.knative = knative;
    if (made !== undefined && !service.revisions.includes(made)) {
      resolveImage(made, options.registry);
      service.revisions.push(made);
    }
    const operation = operations.begin(shortName(next.name), fate);
    reconciler.start(service, made, operation);
    return operation;
  };

  return {
    has: (name) => services.has(name),
    find,
    list: () => [...services.values()],
    read: (name) => structuredClone(find(name).json),
    revisions: (name) =>
      find(name)
        .revisions.map(({ json }) => structuredClone(json))
        .reverse(),

    async create(name, { fields, knative = NO_EXTRAS, person }, validateOnly = false) {
      validateServiceName(name);
      if (services.has(name)) throw alreadyExists(`Resource '${name}' already exists.`);
      const next = applyMask(
        blankService(`${parent}/services/${name}`, person),
        { ...fields, traffic: fields.traffic ?? [] },
        undefined,
      );
      validateService(name, next);
      if (validateOnly) return operations.none(name, next);
      const frontEnd = await openFrontEnd(name, options.ingress);
      const json = { ...next, uri: frontEnd.url, urls: [frontEnd.url] };
      const service: StoredService = { json, revisions: [], frontEnd, knative };
      services.set(name, service);
      return accept(service, json, knative);
    },

    update(name, change, validateOnly = false) {
      const service = find(name);
      const current = service.json;
      const { knative = service.knative } = change;
      requireEtag(name, change.etag, current);
      const wished = applyMask(current, change.fields, change.mask);
      const next: ServiceJson = { ...wished, template: wished.template ?? {}, traffic: wished.traffic ?? [] };
      validateService(name, next);
      if (validateOnly) {
        revisionToMake(service, next, knative);
        return operations.none(name, structuredClone(next));
      }
      if (isDeepStrictEqual([next, knative], [current, service.knative])) return operations.none(name);
      return accept(
        service,
        {
          ...next,
          generation: String(Number(current.generation) + 1),
          lastModifier: change.person,
          updateTime: new Date().toISOString(),
        },
        knative,
        change.fate,
      );
    },

    remove(name, etag, validateOnly = false) {
      const service = find(name);
      const { json, frontEnd, revisions } = service;
      requireEtag(name, etag, json);
      const deleted = structuredClone({ ...json, deleteTime: new Date().toISOString() });
      if (validateOnly) return operations.none(name, deleted);
      services.delete(name);
      service.isDeleted = true;
      void Promise.all([frontEnd.close(), ...revisions.map(({ container }) => container?.close())]);
      for (const operation of operations.list())
        if (operation.service === name) operation.preview ??= structuredClone(json);
      return operations.none(name, deleted);
    },

    // Which revisions can be deleted: https://cloud.google.com/run/docs/managing/revisions#delete
    removeRevision(name, revision) {
      const service = find(name);
      const { traffic, trafficStatuses, latestReadyRevision = '' } = service.json;
      const removed = service.revisions.find((each) => each.name === revision);
      if (removed === undefined) throw notFound(`revisions/${revision}`);
      const isNamed = [...traffic, ...trafficStatuses].some((target) => target.revision === revision);
      if (isNamed || removed === service.revisions.at(-1) || shortName(latestReadyRevision) === revision)
        throw failedPrecondition(`Revision '${revision}' is in use and cannot be deleted.`);
      service.revisions = service.revisions.filter((each) => each !== removed);
      void removed.container?.close();
    },

    async adopt({ name, json, knative, revisions }) {
      const frontEnd = await openFrontEnd(name, options.ingress);
      const adopted = json({
        name: `${parent}/services/${name}`,
        uri: frontEnd.url,
        urls: [frontEnd.url],
        etag: newEtag(),
      });
      const service: StoredService = { json: adopted, revisions: [], frontEnd, knative };
      services.set(name, service);
      service.revisions = await revisions(adopted);
      await frontEnd.openTags(adopted.trafficStatuses.flatMap(({ tag }) => tag ?? []));
      service.json = {
        ...adopted,
        trafficStatuses: adopted.trafficStatuses.map((row) => {
          const uri = row.tag === undefined ? undefined : frontEnd.tagUrl(row.tag);
          return uri === undefined ? row : { ...row, uri };
        }),
      };
      frontEnd.route(service);
    },

    operation: operations.get,
    operations: operations.list,
    settled: reconciler.settled,

    async close() {
      await reconciler.close();
      for (const { frontEnd, revisions } of services.values()) {
        await Promise.all([frontEnd.close(), ...revisions.map(({ container }) => container?.close())]);
      }
    },
  };
}

/** The revision that a changed template requires; undefined when the template did not change. */
function revisionToMake(
  service: StoredService,
  next: ServiceJson,
  knative: KnativeExtras,
): StoredRevision | undefined {
  const templates = [service.json.template, next.template];
  const labels = [service.knative.templateLabels, knative.templateLabels];
  const annotations = [service.knative.templateAnnotations, knative.templateAnnotations];
  const isNew = service.revisions.length === 0;
  const changed = [templates, labels, annotations].some(
    ([before, after]) => !isDeepStrictEqual(before, after),
  );
  return isNew || changed ? revisionFor(next, knative, service.revisions) : undefined;
}

function blankService(name: string, person: string): ServiceJson {
  const now = new Date().toISOString();
  return {
    name,
    uid: crypto.randomUUID(),
    generation: '1',
    createTime: now,
    updateTime: now,
    creator: person,
    lastModifier: person,
    template: {},
    traffic: [],
    observedGeneration: '0',
    terminalCondition: { type: 'Ready', state: 'CONDITION_RECONCILING', lastTransitionTime: now },
    conditions: [],
    trafficStatuses: [],
    uri: '',
    urls: [],
    reconciling: true,
    etag: newEtag(),
  };
}
