import type { Writable } from 'node:stream';
import type { Output } from '@deploy/cli';
import { createLogUpdate } from 'log-update';
import type { Check } from '../check.ts';
import { type CheckId, type CheckResult, requiredWord, resultLine } from '../outcome.ts';
import type { Display } from './display.ts';

const FRAME_MS = 250;

/** A table of all checks on a terminal, live while they run; what stays in the end is the lines that a pipe gets. */
export function liveTable(
  checks: readonly Pick<Check, 'id' | 'required'>[],
  { out, terminal }: { out: Output; terminal: Writable },
): Display {
  const update = createLogUpdate(terminal as NodeJS.WritableStream);
  const startedAt = new Map<CheckId, number>();
  const results = new Map<CheckId, CheckResult>();
  const draw = (): void => update(frame(checks, { startedAt, results, now: performance.now() }));
  const timer = setInterval(draw, FRAME_MS);
  draw();
  return {
    started: (id) => void startedAt.set(id, performance.now()),
    ended(result) {
      results.set(result.id, result);
      draw();
    },
    close() {
      clearInterval(timer);
      update.clear();
      update.done();
      for (const { id } of checks) {
        const result = results.get(id);
        if (result !== undefined) out.data(resultLine(result));
      }
    },
  };
}

/** Times are those of `performance.now()`, which no clock that is set can turn back. */
export type Standing = {
  startedAt: ReadonlyMap<CheckId, number>;
  results: ReadonlyMap<CheckId, CheckResult>;
  now: number;
};

/** The table at one moment: a row a check, with what it has taken so far. */
export function frame(
  checks: readonly Pick<Check, 'id' | 'required'>[],
  { startedAt, results, now }: Standing,
): string {
  const rows = checks.map(({ id, required }) => {
    const result = results.get(id);
    if (result !== undefined) {
      const took = result.status === 'skipped' ? '' : seconds(result.durationMs);
      return [resultLine(result), took];
    }
    const began = startedAt.get(id);
    const state = began === undefined ? 'waiting' : 'running';
    return [`[${state}] ${id} (${requiredWord(required)})`, began === undefined ? '' : seconds(now - began)];
  });
  const width = Math.max(...rows.map(([line = '']) => line.length));
  return rows.map(([line = '', took = '']) => `${line.padEnd(width)}  ${took}`.trimEnd()).join('\n');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
