import type { Clock } from '../clock.ts';
import { startControlService } from '../control-service/index.ts';
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
  /** Gets each line that a container writes. */
  onLine(revision: StoredRevision, stream: 'stdout' | 'stderr', text: string): void;
};

/** Starts what a revision's container runs, and says on the revision how that went. */
export async function startContainer(
  revision: StoredRevision,
  { registry, secrets, clock, onLine }: ContainerOptions,
): Promise<void> {
  const container = ingressContainer(revision.template);
  // What was resolved when the revision was made runs, whatever the tag means by now.
  const image = revision.imageDigest ?? container.image ?? '';
  const failure = whyItCannotStart(revision.name, image, registry.behaviourOf(image));
  if (failure !== undefined) return settle(revision, failure);

  const env = resolveEnv(container, secrets);
  if ('missingSecret' in env) return settle(revision, secretsUnreadable(revision.name, env.missingSecret));
  revision.address = await startControlService({
    image,
    revision: revision.name,
    env: env.values,
    now: clock.now,
    log: (line) => onLine(revision, 'stdout', line),
  });
  settle(revision, condition('Ready', 'CONDITION_SUCCEEDED'));
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

// Reasons: Condition.RevisionReason and Condition.CommonReason in google/cloud/run/v2/condition.proto.
function whyItCannotStart(name: string, image: string, behaviour: ImageBehaviour): ConditionJson | undefined {
  switch (behaviour) {
    case 'healthy':
      return undefined;
    case 'never-ready':
      return condition('Ready', 'CONDITION_FAILED', {
        revisionReason: 'HEALTH_CHECK_CONTAINER_ERROR',
        message: `Revision '${name}' is not ready and cannot serve traffic. Its container did not start to listen on the port given by PORT=8080 in the time allowed. The logs of the revision may tell more.`,
      });
    case 'missing':
      return condition('Ready', 'CONDITION_FAILED', {
        reason: 'CONTAINER_MISSING',
        message: `Revision '${name}' is not ready and cannot serve traffic. Image '${image}' was not found.`,
      });
  }
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
