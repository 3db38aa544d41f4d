import type { Clock } from './clock.ts';
import type { ContainerProgram } from './container/program.ts';
import type { DomainMappingJson } from './domains/mapping.ts';
import type { Trigger } from './faults.ts';
import type { RecordedKnativeService } from './knative/types.ts';
import type { Load, LoadOptions } from './load/generator.ts';
import type { ExponentialBuckets } from './monitoring/distribution.ts';
import type { RevisionJson, ServiceJson, TemplateJson, TrafficTargetJson } from './service/resources.ts';
import type { ImageFaults } from './traffic/image-faults.ts';

/**
 * What an image's containers do when started: `healthy` ones serve, `never-ready` ones never listen. `missing` means
 * that the image is not in the registry. The others are built for another processor than Cloud Run's: `arm64` is a single
 * image, and `arm64-index` lists that image for its platform, as Docker's own build pushes it.
 */
export type ImageBehaviour = 'healthy' | 'never-ready' | 'missing' | 'arm64' | 'arm64-index';

export type EnvSeed = Record<string, string | { secret: string; version: string }>;

/** A service that exists when the emulator starts, with no change under way. */
export type ServiceSeed = {
  name: string;
  image: string;
  env?: EnvSeed;
  serviceAccount?: string;
  /** The program that the service's revisions run (default: the emulator's stand-in for the control service). */
  container?: ContainerProgram;
  /** The requests that are sent to the service's address from the start. */
  load?: LoadOptions;
  /** Who may reach the service's addresses, as Admin v2 names it (default INGRESS_TRAFFIC_ALL). */
  ingress?: string;
  /** Whether the service and its tags have no URL of their own (default false). */
  defaultUriDisabled?: boolean;
  /** Whether clients stay with the revision that first answered them (default false). */
  sessionAffinity?: boolean;
  /** The images of further revisions after the first one, oldest first. */
  laterImages?: readonly string[];
  /**
   * The traffic split (default: all traffic follows the latest revision). `revision` 1 is the oldest; without a number,
   * the row follows the latest revision.
   */
  traffic?: readonly { revision?: number; percent: number; tag?: string }[];
};

/** A service as printed by `gcloud run services describe --format=json`. Its name and generation are kept. */
export type RecordedServiceSeed = { knative: RecordedKnativeService };

/** An execution of a job. `createTime` is RFC 3339 (default: now); the image defaults to the job's. */
export type ExecutionSeed = {
  name?: string;
  image?: string;
  createTime?: string;
  /** Default: succeeded. */
  state?: 'succeeded' | 'failed' | 'cancelled' | 'running';
};

/** A job that exists when the emulator starts, with its executions in the order in which they are listed. */
export type JobSeed = { name: string; image: string; executions?: readonly ExecutionSeed[] };

/** A log entry of a service's container; by default, an error that happens now. */
export type LogEntrySeed = {
  service: string;
  revision?: string;
  severity?:
    | 'DEFAULT'
    | 'DEBUG'
    | 'INFO'
    | 'NOTICE'
    | 'WARNING'
    | 'ERROR'
    | 'CRITICAL'
    | 'ALERT'
    | 'EMERGENCY';
  /** RFC 3339. */
  timestamp?: string;
  /** Text, or the fields of a structured entry. */
  payload: string | Record<string, unknown>;
};

/** A request from before the emulator was started; by default, a page that was opened successfully. */
export type PastRequest = {
  service: string;
  /** The name of a revision of that service, without a path. */
  revision: string;
  /** Milliseconds since 1970, by the emulator's clock. */
  startedAt: number;
  latencyMs?: number;
  method?: string;
  path?: string;
  status?: number;
};

/** https://cloud.google.com/iam/docs/reference/rest/v1/Policy#Binding */
export type PolicyBinding = {
  role: string;
  members: readonly string[];
  condition?: { title?: string; expression: string };
};

export type EmulatorOptions = {
  /** Default 0: a free port. */
  port?: number;
  /** The only visible project (default openagentsgemini) and the only region with services (default us-central1). */
  project?: string;
  region?: string;
  /**
   * Whether v2 refuses a write with a stale etag. The documentation says that etags may be used to detect conflicts,
   * but one published test saw stale ones accepted. Knative's resourceVersion is always enforced.
   */
  etags?: 'strict' | 'lax';
  /** How long a change takes to settle, in milliseconds (default 150). */
  reconcileMs?: number;
  /**
   * Whether a service goes on listing an earlier revision as its latest ready one as long as the newest, although ready,
   * has no traffic. The platform sometimes does: https://github.com/mishrasanjeev/agentic-org/pull/606
   */
  latestReadyLags?: boolean;
  /** How much later than its service a new revision shows that it is ready, in milliseconds (default 0). */
  revisionLagMs?: number;
  /** How long the URL of a tag still leads to the revision that had it before, in milliseconds (default 0). */
  tagLagMs?: number;
  services?: readonly (ServiceSeed | RecordedServiceSeed)[];
  jobs?: readonly JobSeed[];
  logEntries?: readonly LogEntrySeed[];
  /** How images behave, by full reference; images that are not listed are healthy. */
  images?: Readonly<Record<string, ImageBehaviour>>;
  /**
   * Tags by repository (`host/path`), oldest first. A listed repository has only these tags; any other repository has
   * every tag.
   */
  repositories?: Readonly<Record<string, readonly string[]>>;
  /** Domain mappings as the platform shows them: recorded ones, or results of `domainMapping`. */
  domainMappings?: readonly DomainMappingJson[];
  /** The value of each secret's latest version, by the secret's name. */
  secrets?: Readonly<Record<string, string>>;
  /** The access policy of each secret, by the secret's name. Other secrets have an empty policy. */
  secretPolicies?: Readonly<Record<string, readonly PolicyBinding[]>>;
  /** The project's access policy. If missing, the default compute service account may read every secret. */
  projectPolicy?: readonly PolicyBinding[];
  /** The account of each access token. A caller without a token is operator@example.com. */
  people?: Readonly<Record<string, string>>;
  /** Permissions that every caller lacks, such as run.services.update. */
  denied?: readonly string[];
  /** Whether to refuse requests that carry none of the tokens in `people`. */
  requireLogin?: boolean;
  /** Expired access tokens; requests with one of them are refused. */
  expiredTokens?: readonly string[];
  /** How long access tokens still last, in seconds (default 3599). It is only told; none expires by itself. */
  tokenLifeSeconds?: number;
  /**
   * Paths of service and tag URLs that the platform's front end answers itself, with a 404, such as `/healthz`
   * (https://cloud.google.com/run/docs/known-issues). Default: none.
   */
  reservedPaths?: readonly string[];
  /** The program of services that do not name their own (default: the stand-in for the control service). */
  container?: ContainerProgram;
  /** How many times faster than real time the emulator's clock runs (default 1). */
  clockSpeed?: number;
  /**
   * The emulator's clock stops when this many of its milliseconds have passed since somebody last read logs or metrics,
   * and continues at the next read (default: it never stops).
   */
  clockWaitsAfterMs?: number;
  /** How the containers of an image misbehave. Each key is an image reference as in a revision's template. */
  imageFaults?: Readonly<Record<string, ImageFaults>>;
  logs?: {
    /** How long an entry takes to become readable (default 2000), by the emulator's clock. */
    delayMs?: number;
    /** How many calls of `entries.list` are allowed in a minute of the emulator's clock (default 60). */
    readsPerMinute?: number;
    /**
     * Filters of the entries that the project does not keep (default: none):
     * https://cloud.google.com/logging/docs/routing/overview#exclusions
     */
    exclusions?: readonly string[];
  };
  monitoring?: {
    /** How long after the end of a minute its points become readable (default 180 000), by the emulator's clock. */
    delayMs?: number;
    /** Whether the metrics' descriptors state `delayMs` (default true). */
    ingestDelay?: boolean;
    /** The buckets of latencies, in milliseconds. */
    buckets?: ExponentialBuckets;
  };
};

/** An API call that was received; `status` is 0 if the connection was cut before the call was handled. */
export type RecordedRequest = {
  method: string;
  path: string;
  /** Without the question mark. */
  query: string;
  /** The parsed body; undefined if there was none, or if the request was never read. */
  body: unknown;
  person: string | undefined;
  status: number;
};

export type Emulator = {
  clock: Clock;
  /** `127.0.0.1:<port>`, for CLOUD_RUN_EMULATOR_HOST. */
  host: string;
  url: string;
  /** A service as Admin API v2 shows it. */
  service(name: string): ServiceJson;
  /** A service's revisions, newest first. */
  revisions(service: string): RevisionJson[];
  /** Every call of the API. */
  requests: readonly RecordedRequest[];
  /** Changes a service's traffic at once, as somebody else would. */
  changeTraffic(service: string, traffic: readonly TrafficTargetJson[], person: string): void;
  /** Changes a service's template at once, as somebody else's deployment would. The desired traffic stays as it is. */
  changeTemplate(service: string, change: (template: TemplateJson) => TemplateJson, person: string): void;
  /**
   * Pushes another image under the tag, at once. New revisions run it; existing ones keep their image. By default, the
   * new image's containers are healthy.
   */
  pushImage(image: string, behaviour?: ImageBehaviour): void;
  /** The digest that a revision runs: what its image's tag was resolved to when the revision was made. */
  imageDigest(service: string, revision: string): string | undefined;
  addExecution(job: string, execution: ExecutionSeed): void;
  /** Starts sending requests to a service's address as people would, until the emulator stops. */
  load(service: string, load: LoadOptions): Load;
  log(entry: LogEntrySeed): void;
  /** Adds requests of the past to the logs and the metrics. */
  recall(requests: readonly PastRequest[]): void;
  /** Replaces the faults of an image's containers, from their next request on. */
  setFaults(image: string, faults: ImageFaults): void;
  /** Maps a domain, or changes its mapping, at once. */
  mapDomain(mapping: DomainMappingJson): void;
  /** Disables a version of a secret, by its number, at once. */
  disableSecretVersion(secret: string, version: number): void;
  /** Adds a fault that hits later requests. */
  on(trigger: Trigger): void;
  clearTriggers(): void;
  /** Resolves when every change under way has settled. */
  settled(): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};
