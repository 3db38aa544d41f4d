/** Which coming requests something happens to. */
export type RequestMatch = { method?: string; path: RegExp };

/**
 * How a change ends that was accepted: it fails, it is never carried out, or it is carried out while its operation can no
 * longer be asked for.
 */
export type OperationFate = 'fails' | 'stalls' | 'vanishes';

/** What happens to a request instead of, or beside, its answer. */
export type Fault =
  | { kind: 'error'; httpStatus: number; status: string; message: string; headers?: Record<string, string> }
  /** The connection is cut before the request is taken, or after it was carried out. */
  | { kind: 'reset'; when: 'before' | 'after'; act?: () => void | Promise<void> }
  /** Nobody listens for so many milliseconds, from just before the request is taken. */
  | { kind: 'refuse'; ms: number }
  | { kind: 'cut-body' }
  | { kind: 'not-json'; body?: string }
  | { kind: 'stall'; ms: number }
  /** The request is answered as always; what it sets going ends otherwise. */
  | { kind: 'operation'; fate: OperationFate }
  /** Something else happens first, such as somebody else's change; then the request is answered as always. */
  | { kind: 'first'; act: () => void | Promise<void> };

export type Trigger = {
  match: RequestMatch;
  fault: Fault;
  /** How many matching requests are let through first (default none). */
  skip?: number;
  /** How often (default once). */
  times?: number;
};

/** The faults to come, in the order in which they were asked for. */
export type FaultPlan = {
  add(trigger: Trigger): void;
  /** Forgets those that have not happened. */
  clear(): void;
  /** The fault for this request, used up by asking. */
  take(method: string, path: string): Fault | undefined;
};

export function createFaultPlan(): FaultPlan {
  const pending: { trigger: Trigger; skip: number; left: number }[] = [];
  return {
    add: (trigger) => pending.push({ trigger, skip: trigger.skip ?? 0, left: trigger.times ?? 1 }),
    clear: () => void pending.splice(0),
    take(method, path) {
      const matching = pending.filter(
        ({ trigger: { match }, left }) =>
          left > 0 && (match.method ?? method) === method && match.path.test(path),
      );
      const entry = matching.find(({ skip }) => skip === 0);
      for (const waiting of matching) waiting.skip = Math.max(0, waiting.skip - 1);
      if (entry === undefined) return undefined;
      entry.left -= 1;
      return entry.trigger.fault;
    },
  };
}
