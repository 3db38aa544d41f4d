import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../api/descriptors.ts';
import { ApiError, aborted, alreadyExists, notFound } from '../api/errors.ts';
import { type FrontEnd, openFrontEnd } from '../network/front-end.ts';
import type { EmulatorOptions } from '../options.ts';
import type { SecretStore } from '../secrets/store.ts';
import { startContainer } from './containers.ts';
import { applyMask } from './field-mask.ts';
import { observe } from './observe.ts';
import { condition, type RevisionJson, type ServiceJson, shortName } from './resources.ts';
import { newEtag, revisionFor, type StoredRevision } from './revisions.ts';
import { validateTemplate, validateTraffic } from './validate.ts';

/** A service with all that belongs to it. */
export type StoredService = {
  json: ServiceJson;
  revisions: StoredRevision[];
  frontEnd: FrontEnd;
  /** What Knative v1 knows of it and Admin v2 has no place for: annotations and labels in reserved namespaces. */
  knative: {
    annotations: Record<string, string>;
    templateAnnotations: Record<string, string>;
    templateLabels: Record<string, string>;
  };
};

/** A change on its way: https://google.aip.dev/151 */
export type Operation = {
  name: string;
  service: string;
  done: boolean;
  error?: { code: number; message: string };
};

export type ServiceChange = {
  /** The new values, in v2 spelling; only the fields that the mask names are taken. */
  fields: Json;
  mask: string | undefined;
  /** The etag the caller saw, when it wants to be told of changes since. */
  etag?: string | undefined;
  person: string;
};

export type ServiceStore = {
  find(name: string): StoredService;
  list(): StoredService[];
  /** The service as v2 shows it. */
  read(name: string): ServiceJson;
  revisions(name: string): RevisionJson[];
  create(name: string, fields: Json, person: string): Promise<Operation>;
  /** `validateOnly`: says what would become of it, changes nothing. */
  update(name: string, change: ServiceChange, validateOnly?: boolean): Operation;
  operation(name: string): Operation;
  operations(): Operation[];
  /** Resolves when every change under way has settled. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

type StoreOptions = Required<
  Pick<EmulatorOptions, 'project' | 'region' | 'etags' | 'reconcileMs' | 'images'>
> & {
  secrets: SecretStore;
};

const GRPC_INTERNAL = 13;

export function createServiceStore(options: StoreOptions): ServiceStore {
  const parent = `projects/${options.project}/locations/${options.region}`;
  const services = new Map<string, StoredService>();
  const operations = new Map<string, Operation>();
  const underWay = new Set<Promise<void>>();
  const timers = new Set<{ timer: NodeJS.Timeout; finish: () => void }>();
  let closed = false;

  const find = (name: string): StoredService => {
    const service = services.get(name);
    if (service === undefined) {
      throw new ApiError(
        404,
        'NOT_FOUND',
        `Resource '${name}' of kind 'SERVICE' in region '${options.region}' in project '${options.project}' does not exist.`,
      );
    }
    return service;
  };

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const entry = {
        timer: setTimeout(() => {
          timers.delete(entry);
          resolve();
        }, ms),
        finish: resolve,
      };
      timers.add(entry);
    });

  /** Accepts the next state of a service and sets it on its way. */
  const accept = (service: StoredService, next: ServiceJson): Operation => {
    const templateChanged = !isDeepStrictEqual(
      next.template,
      service.revisions.length === 0 ? undefined : service.json.template,
    );
    const made = templateChanged ? revisionFor(next, service.revisions) : undefined;
    const working = condition('Ready', 'CONDITION_RECONCILING', {
      message: 'The change is being carried out.',
    });
    service.json = { ...next, reconciling: true, terminalCondition: working, etag: newEtag() };
    if (made !== undefined && !service.revisions.includes(made)) service.revisions.push(made);
    const operation: Operation = {
      name: `${parent}/operations/${crypto.randomUUID()}`,
      service: shortName(next.name),
      done: false,
    };
    operations.set(operation.name, operation);
    const work = carryOut(service, made, next.generation, operation).finally(() => underWay.delete(work));
    underWay.add(work);
    return operation;
  };

  const carryOut = async (
    service: StoredService,
    made: StoredRevision | undefined,
    generation: string,
    operation: Operation,
  ): Promise<void> => {
    await pause(options.reconcileMs);
    if (closed) return;
    if (made?.state === 'starting') await startContainer(made, options);
    // A later change has taken over; what this one asked for no longer counts.
    await service.frontEnd.openTags(service.json.traffic.flatMap(({ tag }) => tag ?? []));
    if (service.json.generation === generation) {
      service.json = observe(service);
      service.frontEnd.route(service);
    }
    operation.done = true;
    const { terminalCondition } = service.json;
    if (service.json.generation === generation && terminalCondition.state === 'CONDITION_FAILED') {
      operation.error = { code: GRPC_INTERNAL, message: terminalCondition.message ?? '' };
    }
  };

  return {
    find,
    list: () => [...services.values()],
    read: (name) => structuredClone(find(name).json),
    revisions: (name) =>
      find(name)
        .revisions.map(({ json }) => structuredClone(json))
        .reverse(),

    async create(name, fields, person) {
      if (services.has(name)) throw alreadyExists(`Resource '${name}' already exists.`);
      const now = new Date().toISOString();
      const frontEnd = await openFrontEnd();
      const blank: ServiceJson = {
        name: `${parent}/services/${name}`,
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
        uri: frontEnd.url,
        urls: [frontEnd.url],
        reconciling: true,
        etag: newEtag(),
      };
      const next = applyMask(blank, { ...fields, traffic: fields.traffic ?? [] }, undefined);
      validateTemplate(name, next.template);
      validateTraffic(next.traffic);
      const service: StoredService = {
        json: next,
        revisions: [],
        frontEnd,
        knative: { annotations: {}, templateAnnotations: {}, templateLabels: {} },
      };
      services.set(name, service);
      return accept(service, next);
    },

    update(name, change, validateOnly = false) {
      const service = find(name);
      const current = service.json;
      if (options.etags === 'strict' && change.etag && change.etag !== current.etag) {
        throw aborted(
          `Conflict for resource '${name}': etag '${change.etag}' was specified but the current one is '${current.etag}'.`,
        );
      }
      const wished = applyMask(current, change.fields, change.mask);
      const next: ServiceJson = { ...wished, traffic: wished.traffic ?? [] };
      validateTemplate(name, next.template ?? {});
      validateTraffic(next.traffic);
      if (isDeepStrictEqual(next, current) || validateOnly) {
        const operation: Operation = {
          name: `${parent}/operations/${crypto.randomUUID()}`,
          service: name,
          done: true,
        };
        if (!validateOnly) operations.set(operation.name, operation);
        return operation;
      }
      return accept(service, {
        ...next,
        generation: String(Number(current.generation) + 1),
        lastModifier: change.person,
        updateTime: new Date().toISOString(),
      });
    },

    operation(name) {
      const operation = operations.get(name);
      if (operation === undefined) throw notFound(name);
      return operation;
    },
    operations: () => [...operations.values()],

    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },

    async close() {
      closed = true;
      for (const { timer, finish } of timers) {
        clearTimeout(timer);
        finish();
      }
      await Promise.all(underWay);
      for (const { frontEnd, revisions } of services.values()) {
        await Promise.all([frontEnd.close(), ...revisions.map(({ address }) => address?.close())]);
      }
    },
  };
}
