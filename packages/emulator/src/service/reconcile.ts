import { type ContainerOptions, startContainer } from './containers.ts';
import { observe } from './observe.ts';
import type { Operation, OperationError } from './operations.ts';
import type { ConditionJson } from './resources.ts';
import type { StoredRevision } from './revisions.ts';
import type { StoredService } from './stored-service.ts';

export type Reconciler = {
  /** Starts carrying out the service's newest generation. */
  start(service: StoredService, made: StoredRevision | undefined, operation: Operation): void;
  /** Resolves when every change under way has settled. */
  settled(): Promise<void>;
  /** Drops pending changes, and resolves when no change is under way. */
  close(): Promise<void>;
};

export function createReconciler(
  options: ContainerOptions & { reconcileMs: number; latestReadyLags: boolean },
): Reconciler {
  const underWay = new Set<Promise<void>>();
  const pauses = new Set<() => void>();
  let closed = false;

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        pauses.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      pauses.add(end);
    });

  const carryOut = async (
    service: StoredService,
    made: StoredRevision | undefined,
    operation: Operation,
  ): Promise<void> => {
    const { generation } = service.json;
    await pause(options.reconcileMs);
    if (closed) return;
    if (service.isDeleted) return operation.finish(DELETED);
    const fails = operation.fate === 'fails';
    if (made?.state === 'starting')
      made.started ??= startContainer(made, fails ? withoutStart(options) : options);
    // Wait for all revisions: that of an earlier change may still be starting, and this change may route to it.
    await Promise.all(service.revisions.map(({ started }) => started));
    if (service.isDeleted) {
      void made?.container?.close();
      return operation.finish(DELETED);
    }
    await service.frontEnd.openTags(service.json.traffic.flatMap(({ tag }) => tag ?? []));
    // If there is a later change, that one decides what serves.
    const isNewest = service.json.generation === generation;
    if (isNewest) {
      service.json = observe(service, {
        latestReadyLags: options.latestReadyLags,
        ...(fails && made === undefined && { whyNotRouted: MADE_TO_FAIL }),
      });
      service.frontEnd.route(service);
    }
    const [ready] = made?.json.conditions ?? [];
    operation.finish(errorOf(ready) ?? (isNewest ? errorOf(service.json.terminalCondition) : undefined));
  };

  return {
    start(service, made, operation) {
      if (operation.fate === 'stalls') return;
      const work = carryOut(service, made, operation).finally(() => underWay.delete(work));
      underWay.add(work);
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async close() {
      closed = true;
      for (const end of pauses) end();
      await Promise.all(underWay);
    },
  };
}

const MADE_TO_FAIL = 'The change was made to fail.';
/** NOT_FOUND in google.rpc.Code. */
const DELETED: OperationError = { code: 5, message: 'The service was deleted.' };

/** The same options, with images whose containers never start to listen. */
function withoutStart(options: ContainerOptions): ContainerOptions {
  return { ...options, registry: { ...options.registry, behaviourOf: () => 'never-ready' } };
}

// Codes of google.rpc.Code seen in reports of failed deployments: 9 for a container that does not start (13 until
// 2024), 5 for a missing image, 7 for a secret that cannot be read, 13 for a route to a revision that does not exist:
// https://github.com/octo-sts/app/pull/1005 https://github.com/terraform-google-modules/terraform-docs-samples/pull/269
const CODES: Readonly<Record<string, number>> = {
  HEALTH_CHECK_CONTAINER_ERROR: 9,
  CONTAINER_MISSING: 5,
  SECRETS_ACCESS_CHECK_FAILED: 7,
};
const INTERNAL = 13;

function errorOf(condition: ConditionJson | undefined): OperationError | undefined {
  if (condition?.state !== 'CONDITION_FAILED') return undefined;
  const code = CODES[condition.revisionReason ?? condition.reason ?? ''] ?? INTERNAL;
  return { code, message: condition.message ?? '' };
}
