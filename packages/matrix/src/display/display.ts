import type { Output } from '@deploy/cli';
import { type CheckId, type CheckResult, resultLine } from '../outcome.ts';

/** Shows how a run goes. */
export type Display = {
  started(id: CheckId): void;
  ended(result: CheckResult): void;
  /** All is told. */
  close(): void;
};

/** A line a check, in the checks' order: each as soon as its turn has come. */
export function linesDisplay(ids: readonly CheckId[], out: Output): Display {
  const ended = new Map<CheckId, CheckResult>();
  let next = 0;
  return {
    started() {},
    ended(result) {
      ended.set(result.id, result);
      for (let id = ids[next]; id !== undefined; id = ids[next]) {
        const its = ended.get(id);
        if (its === undefined) return;
        out.data(resultLine(its));
        next += 1;
      }
    },
    close() {},
  };
}
