import { setTimeout as pause } from 'node:timers/promises';
import { decode, encode, type Json } from '../protocol/descriptors.ts';
import { invalidArgument, notFound } from '../protocol/errors.ts';
import type { Operation } from '../service/operations.ts';
import type { ServiceStore } from '../service/store.ts';
import type { Guard } from './access.ts';
import { type Call, param, type Routes, wantsNumericEnums } from './call.ts';
import { askedPage, PAGE_SIZE, pageOf } from './pages.ts';

const SERVICE = 'google.cloud.run.v2.Service';
const REVISION = 'google.cloud.run.v2.Revision';
const SERVICE_URL = `type.googleapis.com/${SERVICE}`;

const LOCATION = '/v2/projects/:project/locations/:location';

/** Cloud Run Admin API v2, mapped to HTTP as in google/cloud/run/v2/service.proto and revision.proto. */
export function runV2Routes(store: ServiceStore, guard: Guard, region: string): Routes {
  const authorize = (call: Call, permission: string): void => {
    const project = param(call, 'project');
    guard.require(permission, project, `projects/${project}/locations/${param(call, 'location')}`);
  };
  /** The service's name. Throws a 404 when the call is about a region other than the emulator's. */
  const serviceOf = (call: Call): string => {
    const name = param(call, 'service');
    if (param(call, 'location') !== region) throw notFound(`${name} in ${param(call, 'location')}`);
    return name;
  };
  const showOperation = (call: Call, operation: Operation): Json => {
    const service = {
      '@type': SERVICE_URL,
      ...encode(SERVICE, operation.preview ?? store.read(operation.service), wantsNumericEnums(call)),
    };
    return {
      name: operation.name,
      metadata: service,
      done: operation.done,
      ...(operation.done &&
        (operation.error === undefined ? { response: service } : { error: operation.error })),
    };
  };

  return [
    {
      method: 'GET',
      path: `${LOCATION}/services`,
      handle(call) {
        authorize(call, 'run.services.list');
        // "Location must be a valid Google Cloud region, and cannot be the "-" wildcard" (ListServicesRequest in
        // google/cloud/run/v2/service.proto).
        if (param(call, 'location') === '-')
          throw invalidArgument("locations/-: the location cannot be '-'.");
        const services = param(call, 'location') === region ? store.list() : [];
        return { services: services.map(({ json }) => encode(SERVICE, json, wantsNumericEnums(call))) };
      },
    },
    {
      method: 'GET',
      path: `${LOCATION}/services/:service`,
      handle(call) {
        authorize(call, 'run.services.get');
        return encode(SERVICE, store.read(serviceOf(call)), wantsNumericEnums(call));
      },
    },
    {
      method: 'POST',
      path: `${LOCATION}/services`,
      async handle(call) {
        authorize(call, 'run.services.create');
        const location = param(call, 'location');
        if (location !== region) throw notFound(`locations/${location}`);
        const name = call.query.get('serviceId') ?? call.query.get('service_id') ?? '';
        const fields = decode<Json>(SERVICE, call.body);
        return showOperation(
          call,
          await store.create(name, { fields, person: call.person }, isSet(call, 'validateOnly')),
        );
      },
    },
    {
      method: 'PATCH',
      path: `${LOCATION}/services/:service`,
      async handle(call) {
        authorize(call, 'run.services.update');
        const name = serviceOf(call);
        const fields = decode<Json & { etag?: string }>(SERVICE, call.body);
        const mask = call.query.get('updateMask') ?? call.query.get('update_mask') ?? undefined;
        const validateOnly = isSet(call, 'validateOnly');
        if (isSet(call, 'allowMissing') && !store.has(name)) {
          authorize(call, 'run.services.create');
          return showOperation(call, await store.create(name, { fields, person: call.person }, validateOnly));
        }
        guard.requireActAs(fields.template ?? store.read(name).template);
        const change = { fields, mask, etag: fields.etag, person: call.person, fate: call.fate };
        return showOperation(call, store.update(name, change, validateOnly));
      },
    },
    {
      // https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services/delete
      method: 'DELETE',
      path: `${LOCATION}/services/:service`,
      handle(call) {
        authorize(call, 'run.services.delete');
        const etag = call.query.get('etag') ?? undefined;
        return showOperation(call, store.remove(serviceOf(call), etag, isSet(call, 'validateOnly')));
      },
    },
    {
      method: 'GET',
      path: `${LOCATION}/services/:service/revisions`,
      handle(call) {
        authorize(call, 'run.revisions.list');
        const { items, ...rest } = pageOf(store.revisions(serviceOf(call)), askedPage(call), PAGE_SIZE);
        return {
          revisions: items.map((revision) => encode(REVISION, revision, wantsNumericEnums(call))),
          ...rest,
        };
      },
    },
    {
      method: 'GET',
      path: `${LOCATION}/services/:service/revisions/:revision`,
      handle(call) {
        authorize(call, 'run.revisions.get');
        const service = serviceOf(call);
        const name = param(call, 'revision');
        const found = store
          .revisions(service)
          .find((revision) => revision.name.endsWith(`/revisions/${name}`));
        if (found === undefined) throw notFound(`${service}/revisions/${name}`);
        return encode(REVISION, found, wantsNumericEnums(call));
      },
    },
    {
      method: 'GET',
      path: `${LOCATION}/operations`,
      handle(call) {
        authorize(call, 'run.operations.list');
        return { operations: store.operations().map((operation) => showOperation(call, operation)) };
      },
    },
    {
      method: 'GET',
      path: `${LOCATION}/operations/:operation`,
      handle(call) {
        authorize(call, 'run.operations.get');
        return showOperation(call, store.operation(operationName(call)));
      },
    },
    {
      method: 'POST',
      path: `${LOCATION}/operations/:operation(^[^:]+)::wait`,
      async handle(call) {
        authorize(call, 'run.operations.get');
        const operation = store.operation(operationName(call));
        const { timeout } = call.body as { timeout?: string };
        await Promise.race([operation.finished, pause(waitMs(timeout), undefined, { ref: false })]);
        return showOperation(call, operation);
      },
    },
  ];
}

function operationName(call: Call): string {
  return `projects/${param(call, 'project')}/locations/${param(call, 'location')}/operations/${param(call, 'operation')}`;
}

/** Converts how long a caller wants to wait, such as `30s`, to milliseconds. Default: half a minute. */
function waitMs(timeout: string | undefined): number {
  const seconds = Number.parseFloat(timeout ?? '');
  return (Number.isNaN(seconds) ? 30 : seconds) * 1000;
}

/** Whether the query sets a flag, in either spelling: `validateOnly`, `validate_only`. */
function isSet({ query }: Call, name: string): boolean {
  const snakeCase = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return (query.get(name) ?? query.get(snakeCase)) === 'true';
}
