import { countChange } from '@deploy/cli';
import type { CallSubject } from '../google/cloud-error.ts';
import type { Connection } from '../google/connection.ts';
import { googleRest } from '../google/rest.ts';
import type { ServiceLocation } from '../service-location.ts';
import {
  type ApiRevision,
  type ApiService,
  type KnativeRevision,
  type Revision,
  type RunningRevision,
  readRevision,
  readRunningRevision,
  readService,
  type Service,
  writeTraffic,
} from './service.ts';
import type { RevisionTemplate } from './template.ts';
import type { TrafficSplit } from './traffic.ts';

/** What a write changes. Only the fields that are set here are sent, and an update mask protects all others. */
export type ServiceChange = {
  traffic: TrafficSplit;
  template?: RevisionTemplate;
  annotations?: Readonly<Record<string, string>>;
};

/** The calls to Cloud Run about one service. Each throws a CloudError when it fails. */
export type ServiceApi = {
  location: ServiceLocation;
  /** The connection's signal. It aborts every call, and every pause between calls. */
  signal: AbortSignal | undefined;
  /** The connection's patience for quotas, for a write. Reads have it already. */
  quota: Connection['quota'];
  read(): Promise<Service>;
  readRevision(name: string): Promise<Revision>;
  /** What a revision really runs. This takes two calls, because some of that is only in the Knative v1 API. */
  readRunningRevision(name: string): Promise<RunningRevision>;
  /** The service's revisions, newest first. Each page is requested only when it is needed. */
  revisions(): AsyncGenerator<Revision>;
  /** The revision that was made from the template with this nonce, if it exists. */
  findRevision(nonce: string): Promise<Revision | undefined>;
  /** Sends a write, without ever retrying it. */
  write(change: ServiceChange, etag: string): Promise<AcceptedWrite>;
  /**
   * Waits until an operation is done, whether it succeeded or failed, and returns true. Returns false if the platform
   * answers before the operation is done, which it may do at once.
   */
  waitForOperation(operation: string, signal: AbortSignal): Promise<boolean>;
};

export type AcceptedWrite = {
  /** The service as the platform accepted it. Its generation is the one that this write made. */
  service: Service;
  /** The operation that carries the change out: `projects/…/operations/…`. */
  operation: string | undefined;
};

const HOST = 'run.googleapis.com';
// The server validates a write before it answers. In a busy region that can take longer than 15 s, the default limit of
// the vendor's client.
const WRITE_TIMEOUT_MS = 90_000;
// Shorter than the time after which proxies and load balancers drop a silent connection.
const LONG_POLL_MS = 30_000;
const READ_SLACK_MS = 10_000;

/**
 * Opens the API for one service: Admin API v2 as plain JSON, so that everything the platform sent can be written back.
 * The vendor's client drops every field that it does not know yet, and takes 200 ms to load.
 */
export async function openServiceApi(connection: Connection, location: ServiceLocation): Promise<ServiceApi> {
  const rest = googleRest(connection);
  const name = `projects/${location.project}/locations/${location.region}/services/${location.service}`;
  const path = `/v2/${name}`;
  const subject = (doing: string): CallSubject => ({ doing, location });

  const getRevision = (revision: string) =>
    rest.repeatable<ApiRevision>(subject(`reading revision ${revision}`), {
      host: HOST,
      path: `${path}/revisions/${revision}`,
    });

  async function* revisions(): AsyncGenerator<Revision> {
    let pageToken: string | undefined;
    do {
      const page = await rest.repeatable<{ revisions?: ApiRevision[]; nextPageToken?: string }>(
        subject(`listing the revisions of ${location.service}`),
        { host: HOST, path: `${path}/revisions`, query: { pageToken } },
      );
      yield* (page.revisions ?? []).map(readRevision);
      pageToken = page.nextPageToken || undefined;
    } while (pageToken !== undefined);
  }

  return {
    location,
    signal: connection.signal,
    quota: connection.quota,

    async read() {
      let readAt: number | undefined;
      const service = await rest.repeatable<ApiService>(subject(`reading service ${location.service}`), {
        host: HOST,
        path,
        onDate: (date) => {
          readAt = date.getTime();
        },
      });
      return readService(service, readAt);
    },

    async readRevision(revision) {
      return readRevision(await getRevision(revision));
    },

    async readRunningRevision(revision) {
      const [v2, v1] = await Promise.all([
        getRevision(revision),
        rest.repeatable<KnativeRevision>(subject(`reading revision ${revision}`), {
          host: `${location.region}-${HOST}`,
          path: `/apis/serving.knative.dev/v1/namespaces/${location.project}/revisions/${revision}`,
        }),
      ]);
      return readRunningRevision(v2, v1);
    },

    revisions,

    async findRevision(nonce) {
      for await (const revision of revisions()) if (revision.nonce === nonce) return revision;
      return undefined;
    },

    async write({ traffic, ...others }, etag) {
      countChange();
      const { metadata = {}, name: operation } = await rest.once<{ metadata?: ApiService; name?: string }>(
        subject(`changing service ${location.service}`),
        {
          method: 'PATCH',
          host: HOST,
          path,
          // The mask names the fields that are written. Without a mask, the whole service would have to be sent,
          // including the name of the old revision, which the platform refuses.
          query: { updateMask: ['traffic', ...Object.keys(others)].join() },
          body: { name, etag, traffic: writeTraffic(traffic), ...others },
          timeoutMs: WRITE_TIMEOUT_MS,
        },
      );
      return { service: readService(metadata), operation };
    },

    async waitForOperation(operation, signal) {
      // https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.operations/wait
      const { done = false } = await rest.once<{ done?: boolean }>(
        subject(`waiting for the change of service ${location.service}`),
        {
          method: 'POST',
          host: HOST,
          path: `/v2/${operation}:wait`,
          body: { timeout: `${LONG_POLL_MS / 1000}s` },
          timeoutMs: LONG_POLL_MS + READ_SLACK_MS,
          signal,
        },
      );
      return done;
    },
  };
}
