import type { Clock } from './clock.ts';
import type { ContainerProgram } from './container/program.ts';
import type { DomainMappingJson } from './domains/types.ts';
import type { Trigger } from './faults.ts';
import type { RecordedKnativeService } from './knative/types.ts';
import type { Load, LoadOptions } from './load/generator.ts';
import type { ExponentialBuckets } from './monitoring/distribution.ts';
import type { RevisionJson, ServiceJson, TemplateJson, TrafficTargetJson } from './service/resources.ts';
import type { ImageFaults } from './traffic/image-faults.ts';

/** What becomes of a container made from an image: it serves, never listens, or is not in the registry at all. */
export type ImageBehaviour = 'healthy' | 'never-ready' | 'missing';

export type EnvSeed = Record<string, string | { secret: string; version: string }>;

/** A service that is there, settled, when the emulator starts. */
export type ServiceSeed = {
  name: string;
  image: string;
  env?: EnvSeed;
  /** The account that its containers act as. */
  serviceAccount?: string;
  /** What its revisions run in place of the control service's stand-in. */
  container?: ContainerProgram;
  /** Requests that come to its address from the start. */
  load?: LoadOptions;
  /** Whether clients stay with the revision that they came to (default false). */
  sessionAffinity?: boolean;
  /** More revisions after the first one, oldest first, made from these images. */
  laterImages?: readonly string[];
  /** Default: everything follows the latest revision. `revision` may be a number: 1 is the first one. */
  traffic?: readonly { revision?: number; percent: number; tag?: string }[];
};

/** A service as `gcloud run services describe --format=json` prints it, to be taken over with name and generation. */
export type RecordedServiceSeed = { knative: RecordedKnativeService };

/** How an execution of a job went; `createTime` is RFC 3339 and now unless given, the image is the job's. */
export type ExecutionSeed = {
  name?: string;
  image?: string;
  createTime?: string;
  /** Default: succeeded. */
  state?: 'succeeded' | 'failed' | 'cancelled' | 'running';
};

/** A job that is there when the emulator starts, with what has been run of it, in the order in which it is listed. */
export type JobSeed = { name: string; image: string; executions?: readonly ExecutionSeed[] };

/** What a service's container has logged; an error, now, unless told otherwise. */
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

/** https://cloud.google.com/iam/docs/reference/rest/v1/Policy#Binding */
export type PolicyBinding = {
  role: string;
  members: readonly string[];
  condition?: { title?: string; expression: string };
};

export type EmulatorOptions = {
  /** Default 0: a free port. */
  port?: number;
  /** The one project that can be seen (default openagentsgemini) and the one region that has services (us-central1). */
  project?: string;
  region?: string;
  /**
   * Whether v2 refuses a write with a stale etag. The documentation says that etags may be used to detect conflicts;
   * one published test saw stale ones accepted. Knative's resourceVersion is enforced in any case.
   */
  etags?: 'strict' | 'lax';
  /** How long a change takes to settle, in milliseconds (default 150). */
  reconcileMs?: number;
  services?: readonly (ServiceSeed | RecordedServiceSeed)[];
  jobs?: readonly JobSeed[];
  logEntries?: readonly LogEntrySeed[];
  /** By full image reference; what is not listed is healthy. */
  images?: Readonly<Record<string, ImageBehaviour>>;
  /**
   * Tags by repository (`host/path`), oldest first: what is not listed there is not in the registry. A repository that
   * is not named has every tag.
   */
  repositories?: Readonly<Record<string, readonly string[]>>;
  /** Domain mappings as the platform shows them, such as recorded ones or what `domainMapping` makes. */
  domainMappings?: readonly DomainMappingJson[];
  /** Values of secrets' latest versions, by name. */
  secrets?: Readonly<Record<string, string>>;
  /** Access policies of secrets, by name; the others have an empty one. */
  secretPolicies?: Readonly<Record<string, readonly PolicyBinding[]>>;
  /** The project's access policy. Default: the default compute service account reads every secret. */
  projectPolicy?: readonly PolicyBinding[];
  /** Accounts by access token, for telling people apart. Without a token it is operator@example.com who acts. */
  people?: Readonly<Record<string, string>>;
  /** Permissions that are refused, such as run.services.update. */
  denied?: readonly string[];
  /** Refuse requests without one of the tokens in `people`. */
  requireLogin?: boolean;
  /** Access tokens that were good once; requests with one of them are refused. */
  expiredTokens?: readonly string[];
  /**
   * Paths of service and tag URLs that the platform's front end answers itself, with a 404, such as `/healthz`
   * (https://cloud.google.com/run/docs/known-issues). Default: none.
   */
  reservedPaths?: readonly string[];
  /** What revisions run in place of the control service's stand-in, of services that name no program themselves. */
  container?: ContainerProgram;
  /** How many times faster than the wall's the emulator's clock runs (default 1). */
  clockSpeed?: number;
  /** Faults of the containers of an image, by the reference that revisions name. */
  imageFaults?: Readonly<Record<string, ImageFaults>>;
  logs?: {
    /** How long an entry takes to become readable (default 2000), by the emulator's clock. */
    delayMs?: number;
    /** How often `entries.list` may be called in a minute of that clock (default 60). */
    readsPerMinute?: number;
  };
  monitoring?: {
    /** How long after its end a minute's points become readable (default 180 000), by the emulator's clock. */
    delayMs?: number;
    /** Whether the metrics' descriptors tell that delay (default true). */
    ingestDelay?: boolean;
    /** The buckets of latencies, in milliseconds. */
    buckets?: ExponentialBuckets;
  };
};

/** An API call that was answered, `status` 0 when the connection was cut before it was taken. */
export type RecordedRequest = {
  method: string;
  path: string;
  /** Without the question mark. */
  query: string;
  /** As it was parsed; undefined when there was none, or when the request was never read. */
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
  /** Its revisions, newest first. */
  revisions(service: string): RevisionJson[];
  /** Everything that was asked of the API. */
  requests: readonly RecordedRequest[];
  /** Changes a service's traffic at once, as somebody else would. */
  changeTraffic(service: string, traffic: readonly TrafficTargetJson[], person: string): void;
  /** Changes a service's template at once, as somebody else's deployment would; the traffic stays as it is asked for. */
  changeTemplate(service: string, change: (template: TemplateJson) => TemplateJson, person: string): void;
  /**
   * Pushes another image under the tag, at once: revisions made from now on run that one, those that are there stay what
   * they are. What becomes of its containers: they are healthy unless told otherwise.
   */
  pushImage(image: string, behaviour?: ImageBehaviour): void;
  /** The image that a revision's requests go to, by the digest that was resolved when it was made. */
  imageDigest(service: string, revision: string): string | undefined;
  /** Another execution of a job. */
  addExecution(job: string, execution: ExecutionSeed): void;
  /** Starts requests to a service's address, as people would make them; they end with the emulator. */
  load(service: string, load: LoadOptions): Load;
  /** Another log entry. */
  log(entry: LogEntrySeed): void;
  /** Maps a domain, or changes its mapping, at once. */
  mapDomain(mapping: DomainMappingJson): void;
  /** Disables a version of a secret, by its number, at once. */
  disableSecretVersion(secret: string, version: number): void;
  /** What is to go wrong, or to happen, at a coming request. */
  on(trigger: Trigger): void;
  /** Takes back what was to happen and has not. */
  clearTriggers(): void;
  /** Resolves when every change under way has settled. */
  settled(): Promise<void>;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};
