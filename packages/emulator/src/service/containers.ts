import type { Clock } from '../clock.ts';
import { type Instance, keepAlive } from '../container/instance.ts';
import { type ContainerProgram, type StartFailure, startProgram } from '../container/program.ts';
import type { Watchdog } from '../container/watchdog.ts';
import { startControlService } from '../control-service/index.ts';
import type { Ingress } from '../network/front-end.ts';
import type { ImageBehaviour } from '../options.ts';
import type { Registry } from '../registry/store.ts';
import type { SecretStore } from '../secrets/store.ts';
import { ingressContainer } from './ingress.ts';
import { type ConditionJson, type ContainerJson, condition, shortName } from './resources.ts';
import type { StoredRevision } from './revisions.ts';

export type ContainerOptions = {
  registry: Registry;
  secrets: SecretStore;
  clock: Clock;
  ingress: Ingress;
  watchdog: Watchdog;
  /** How long a revision that is ready goes on showing that it is not. */
  revisionLagMs: number;
  /** Aborts when the emulator stops, which ends containers that are still starting. */
  stopping: AbortSignal;
  /** The program that a service's revisions run; undefined means the stand-in for the control service. */
  programOf(service: string): ContainerProgram | undefined;
  /** Called with each line that a container writes. */
  onLine(revision: StoredRevision, stream: 'stdout' | 'stderr', text: string): void;
  /** Called with the platform's own messages about a revision's container. */
  onSystem(revision: StoredRevision, severity: 'INFO' | 'WARNING' | 'ERROR', text: string): void;
};

/** Starts a revision's container, and records on the revision whether that worked. */
export async function startContainer(revision: StoredRevision, options: ContainerOptions): Promise<void> {
  const { registry, secrets } = options;
  const container = ingressContainer(revision.template);
  // A revision keeps the digest that its image's tag had when the revision was made, even if the tag has moved since.
  const image = revision.imageDigest ?? container.image ?? '';
  const failure = whyItCannotStart(revision.name, image, registry.behaviourOf(image));
  if (failure !== undefined) return settle(revision, failure);

  const env = resolveEnv(container, secrets);
  if ('missingSecret' in env) return settle(revision, secretsUnreadable(revision.name, env.missingSecret));
  const launch = launcherFor(revision, image, env.values, options);
  const first = await launch();
  if ('failed' in first) return settle(revision, neverListened(revision.name, first));
  const faults = options.ingress.faultsOf(container.image ?? '');
  revision.container = keepAlive(first, {
    clock: options.clock,
    crashAfterMs: faults?.crashAfterMs,
    async start() {
      const next = await launch();
      return 'failed' in next ? undefined : next;
    },
    onExit: (exitCode) => options.onSystem(revision, 'WARNING', `Container called exit(${exitCode ?? 1}).`),
  });
  const ready = condition('Ready', 'CONDITION_SUCCEEDED');
  if (options.revisionLagMs === 0) return settle(revision, ready);
  // The revision serves, and only what it shows is late.
  revision.state = 'ready';
  setTimeout(settle, options.revisionLagMs, revision, ready).unref();
}

/** Returns a function that starts an instance: the stand-in for the control service, or the user's program. */
function launcherFor(
  revision: StoredRevision,
  image: string,
  env: Readonly<Record<string, string>>,
  { programOf, clock, watchdog, stopping, onLine, onSystem }: ContainerOptions,
): () => Promise<Instance | StartFailure> {
  const service = shortName(revision.json.service);
  const program = programOf(service);
  if (program === undefined) {
    return async () => {
      const log = (line: string): void => onLine(revision, 'stdout', line);
      const running = await startControlService({ image, env, now: clock.now, log });
      const { promise: exited, resolve } = Promise.withResolvers<number | null>();
      const stop = (): Promise<void> => running.close().then(() => resolve(0));
      return { port: running.port, exited, stop };
    };
  }
  return async () => {
    const started = await startProgram({
      program,
      // Cloud Run sets these: https://cloud.google.com/run/docs/container-contract#services-env-vars
      env: { ...env, K_SERVICE: service, K_CONFIGURATION: service, K_REVISION: revision.name },
      startupMs: startupTimeMs(ingressContainer(revision.template)),
      watchdog,
      stopping,
      onLine: (stream, text) => onLine(revision, stream, text),
    });
    if ('failed' in started && started.failed === 'exited') {
      onSystem(revision, 'WARNING', `Container called exit(${started.exitCode ?? 1}).`);
    }
    return started;
  };
}

function settle(revision: StoredRevision, ready: ConditionJson): void {
  revision.state = ready.state === 'CONDITION_SUCCEEDED' ? 'ready' : 'failed';
  revision.json = {
    ...revision.json,
    conditions: [ready],
    reconciling: false,
    updateTime: ready.lastTransitionTime,
  };
}

// The reasons are values of Condition.RevisionReason and Condition.CommonReason in google/cloud/run/v2/condition.proto.
function whyItCannotStart(name: string, image: string, behaviour: ImageBehaviour): ConditionJson | undefined {
  switch (behaviour) {
    case 'healthy':
      return undefined;
    case 'never-ready':
      return neverListened(name, { failed: 'timed out' });
    case 'arm64':
      // The kernel refuses to execute the program: https://github.com/pulumi/templates/pull/490
      return neverListened(name, { failed: 'exited', exitCode: 1 });
    case 'arm64-index':
      // https://github.com/GoogleCloudPlatform/jit-groups/issues/693
      return condition('Ready', 'CONDITION_FAILED', {
        reason: 'CONTAINER_MISSING',
        message: `Revision '${name}' is not ready and cannot serve traffic. Cloud Run does not support image '${image}': Container manifest type 'application/vnd.oci.image.index.v1+json' must support amd64/linux.`,
      });
    case 'missing':
      return condition('Ready', 'CONDITION_FAILED', {
        reason: 'CONTAINER_MISSING',
        message: `Revision '${name}' is not ready and cannot serve traffic. Image '${image}' was not found.`,
      });
  }
}

// The platform's message for a container that does not listen, even if it has exited:
// https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start
function neverListened(name: string, { failed }: StartFailure): ConditionJson {
  const exited = failed === 'exited' ? ' The container exited before it listened.' : '';
  return condition('Ready', 'CONDITION_FAILED', {
    revisionReason: 'HEALTH_CHECK_CONTAINER_ERROR',
    message: `Revision '${name}' is not ready and cannot serve traffic. The user-provided container failed to start and listen on the port defined provided by the PORT=8080 environment variable within the allocated timeout.${exited} Logs for this revision might contain more information.`,
  });
}

function secretsUnreadable(name: string, secret: string): ConditionJson {
  return condition('Ready', 'CONDITION_FAILED', {
    reason: 'SECRETS_ACCESS_CHECK_FAILED',
    message: `Revision '${name}' is not ready and cannot serve traffic. Secret ${secret} was not found or cannot be read.`,
  });
}

type ResolvedEnv = { values: Record<string, string> } | { missingSecret: string };

function resolveEnv(container: ContainerJson, secrets: SecretStore): ResolvedEnv {
  const values: Record<string, string> = {};
  for (const { name, value, valueSource } of container.env ?? []) {
    const reference = valueSource?.secretKeyRef;
    if (reference === undefined) {
      values[name] = value ?? '';
      continue;
    }
    try {
      values[name] = secrets.access(shortName(reference.secret), reference.version);
    } catch {
      return { missingSecret: `${reference.secret}/versions/${reference.version}` };
    }
  }
  return { values };
}

// https://cloud.google.com/run/docs/configuring/healthchecks: DEFAULT is the probe of a container that has none of its
// own (TCP, 240 s, one failure); OWN holds the defaults for fields that a container's own probe leaves out.
const DEFAULT = { initialDelaySeconds: 0, periodSeconds: 240, failureThreshold: 1 };
const OWN = { initialDelaySeconds: 0, periodSeconds: 10, failureThreshold: 3 };

/** How long a container has to answer its startup probe, in milliseconds. */
function startupTimeMs({ startupProbe }: ContainerJson): number {
  const given = typeof startupProbe === 'object' && startupProbe !== null ? startupProbe : undefined;
  const { initialDelaySeconds, periodSeconds, failureThreshold } =
    given === undefined ? DEFAULT : { ...OWN, ...(given as Partial<typeof OWN>) };
  return (initialDelaySeconds + periodSeconds * failureThreshold) * 1000;
}
