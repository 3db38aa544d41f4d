import type { protos, RevisionsClient as Revisions } from '@google-cloud/run';
import { callOnce, repeatableCall } from '../google/call.ts';
import { type Identity, openAuthClient } from '../google/identity.ts';
import type { ServiceLocation } from '../service-location.ts';
import {
  type Revision,
  type RevisionTemplate,
  readRevision,
  readService,
  type Service,
  writeTraffic,
} from './service.ts';
import type { TrafficSplit } from './traffic.ts';

/** How to reach Cloud Run: the real one, or a local one at `emulatorHost` (host:port). */
export type Connection = { emulatorHost: string | undefined; identity: Identity };

/** What a write changes. Only what is named here is sent, under a mask. */
export type ServiceChange = {
  traffic: TrafficSplit;
  template?: RevisionTemplate;
  annotations?: Readonly<Record<string, string>>;
};

/** The few calls that are made to Cloud Run about one service. Each throws a CloudError when it fails. */
export type ServiceApi = {
  location: ServiceLocation;
  read(): Promise<Service>;
  readRevision(name: string): Promise<Revision>;
  /** The revision made from the template with that mark, if there is one. */
  findRevision(nonce: string): Promise<Revision | undefined>;
  /** Sends one write, once. Gives the service as accepted: its generation is this write's. */
  write(change: ServiceChange, etag: string): Promise<Service>;
};

// Reads answer in a fraction of a second; a write waits for validation on the server. The vendor's default for writes
// (15 s) is short of what a busy region takes.
const READ_TIMEOUT_MS = 10_000;
const WRITE_TIMEOUT_MS = 90_000;

/**
 * Opens the API for one service. The vendor's clients are loaded here and not before: they cost 200 ms, even past the
 * package's front door, which loads six more of them.
 */
export async function openServiceApi(connection: Connection, location: ServiceLocation): Promise<ServiceApi> {
  const [{ ServicesClient }, { RevisionsClient }, options] = await Promise.all([
    import('@google-cloud/run/build/src/v2/services_client.js'),
    import('@google-cloud/run/build/src/v2/revisions_client.js'),
    clientOptions(connection),
  ]);
  const services = new ServicesClient(options);
  // Opening one takes 20 ms, and most calls ask for no revision.
  let openedRevisions: Revisions | undefined;
  const revisions = () => {
    openedRevisions ??= new RevisionsClient(options);
    return openedRevisions;
  };
  const name = `projects/${location.project}/locations/${location.region}/services/${location.service}`;
  const subject = (doing: string) => ({ doing, location });

  return {
    location,

    read: () =>
      repeatableCall(subject(`reading service ${location.service}`), async () => {
        const [service] = await services.getService({ name }, { timeout: READ_TIMEOUT_MS, retry: null });
        return readService(service);
      }),

    readRevision: (revision) =>
      repeatableCall(subject(`reading revision ${revision}`), async () => {
        const [found] = await revisions().getRevision(
          { name: `${name}/revisions/${revision}` },
          { timeout: READ_TIMEOUT_MS, retry: null },
        );
        return readRevision(found);
      }),

    findRevision: (nonce) =>
      repeatableCall(subject(`listing the revisions of ${location.service}`), async () => {
        const [all] = await revisions().listRevisions(
          { parent: name },
          { timeout: READ_TIMEOUT_MS, retry: null },
        );
        return all.map(readRevision).find((revision) => revision.nonce === nonce);
      }),

    write: (change, etag) =>
      callOnce(subject(`changing service ${location.service}`), async () => {
        const { traffic, ...others } = change;
        const request: protos.google.cloud.run.v2.IUpdateServiceRequest = {
          service: { name, etag, traffic: writeTraffic(traffic), ...others },
          // A write names what it writes. A whole object written back resends the old revision's name and is refused.
          updateMask: { paths: ['traffic', ...Object.keys(others)] },
        };
        const [operation] = await services.updateService(request, { timeout: WRITE_TIMEOUT_MS, retry: null });
        return readService((operation.metadata ?? {}) as protos.google.cloud.run.v2.IService);
      }),
  };
}

// A login serves all clients of a run: asking gcloud for it takes a second each time.
const authClients = new WeakMap<Identity, ReturnType<typeof openAuthClient>>();

/** What every one of Google's clients is opened with: REST, and the emulator or a login. */
export async function clientOptions({ emulatorHost, identity }: Connection) {
  const opened = authClients.get(identity) ?? openAuthClient(identity);
  authClients.set(identity, opened);
  const authClient = await opened;
  return { fallback: true, authClient, ...endpoint(emulatorHost) };
}

function endpoint(emulatorHost: string | undefined) {
  if (emulatorHost === undefined) return {};
  const { hostname, port } = new URL(`http://${emulatorHost}`);
  return { protocol: 'http', apiEndpoint: hostname, port: Number(port || 80) };
}

/** Where the REST API at that host of Google's is: there, or at the emulator. */
export function endpointOf(emulatorHost: string | undefined, host: string): string {
  return emulatorHost === undefined ? `https://${host}` : `http://${emulatorHost}`;
}
