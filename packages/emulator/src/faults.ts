import type { ErrorDetail } from './protocol/errors.ts';

/** Selects the requests that a fault applies to. */
export type RequestMatch = { method?: string; path: RegExp };

/**
 * How an accepted change ends: it fails, it is never carried out, or it is carried out but its operation can no longer
 * be read.
 */
export type OperationFate = 'fails' | 'stalls' | 'vanishes';

/** What happens to a request instead of its answer, or in addition to it. */
export type Fault =
  | {
      kind: 'error';
      httpStatus: number;
      status: string;
      message: string;
      details?: readonly ErrorDetail[];
      headers?: Record<string, string>;
    }
  /** Something on the way answers with a page of its own, as a proxy or the login page of a network does. */
  | { kind: 'page'; httpStatus: number; title: string; headers?: Record<string, string> }
  /** The connection is cut before the request is handled, or after. */
  | { kind: 'reset'; when: 'before' | 'after'; act?: () => void | Promise<void> }
  /** The server stops listening for this many milliseconds, just before it would handle the request. */
  | { kind: 'refuse'; ms: number }
  | { kind: 'cut-body' }
  | { kind: 'not-json'; body?: string }
  | { kind: 'stall'; ms: number }
  /** The request is held until this resolves. It is then handled, unless `left` says that its client has gone. */
  | { kind: 'hold'; until: (left: AbortSignal) => Promise<void> }
  /** The request is answered normally, but its operation ends as `fate` says. */
  | { kind: 'operation'; fate: OperationFate }
  /** Something else happens first, such as somebody else's change; then the request is answered normally. */
  | { kind: 'first'; act: () => void | Promise<void> };

export type Trigger = {
  match: RequestMatch;
  fault: Fault;
  /** Whether the fault is due yet. Until then, requests pass and are not counted (default: due from the start). */
  isDue?: () => boolean;
  /** How many matching requests pass first (default none). */
  skip?: number;
  /** How many requests the fault applies to (default 1). */
  times?: number;
};

/** The pending faults, in the order in which they were added. */
export type FaultPlan = {
  add(trigger: Trigger): void;
  clear(): void;
  /** Takes the fault for this request, if there is one. */
  take(method: string, path: string): Fault | undefined;
};

export function createFaultPlan(): FaultPlan {
  const pending: { trigger: Trigger; skip: number; left: number }[] = [];
  return {
    add: (trigger) => pending.push({ trigger, skip: trigger.skip ?? 0, left: trigger.times ?? 1 }),
    clear: () => void pending.splice(0),
    take(method, path) {
      const matching = pending.filter(
        ({ trigger: { match, isDue = () => true }, left }) =>
          left > 0 && (match.method ?? method) === method && match.path.test(path) && isDue(),
      );
      const entry = matching.find(({ skip }) => skip === 0);
      for (const waiting of matching) waiting.skip = Math.max(0, waiting.skip - 1);
      if (entry === undefined) return undefined;
      entry.left -= 1;
      return entry.trigger.fault;
    },
  };
}
