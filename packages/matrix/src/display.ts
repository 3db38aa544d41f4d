import { cleanLine, durationText, type Output, startLiveText } from '@deploy/cli';
import type { MatrixCheck } from './check.ts';
import { type CheckId, explanationOf, type MatrixResult, requiredWord, resultLine } from './outcome.ts';

export type Display = {
  started(id: CheckId): void;
  ended(result: MatrixResult): void;
  /** Call this when the run is over. */
  close(): void;
};

/**
 * Where a run is shown. Each check has one line, which programs can parse. With `explains`, a second line tells people
 * why a check failed or was skipped.
 */
type Place = { out: Output; explains?: boolean };

/** A live table on a terminal; plain lines anywhere else. */
export async function openDisplay(
  checks: readonly Pick<MatrixCheck, 'id' | 'required'>[],
  { terminal, ...place }: Place & { terminal: NodeJS.WriteStream },
): Promise<Display> {
  if (!terminal.isTTY)
    return linesDisplay(
      checks.map(({ id }) => id),
      place,
    );
  return liveTable(checks, { ...place, terminal });
}

/** Prints a line for each check, in the checks' order, once the check and all those before it have ended. */
export function linesDisplay(ids: readonly CheckId[], place: Place): Display {
  const ended = new Map<CheckId, MatrixResult>();
  let next = 0;
  return {
    started() {},
    ended(result) {
      ended.set(result.id, result);
      for (let id = ids[next]; id !== undefined; id = ids[next]) {
        const nextResult = ended.get(id);
        if (nextResult === undefined) return;
        show(nextResult, place);
        next += 1;
      }
    },
    close() {},
  };
}

function show(result: MatrixResult, { out, explains = false }: Place): void {
  out.data(resultLine(result));
  if (explains && result.status !== 'passed') out.note(`  ${cleanLine(explanationOf(result), 400)}`);
}

/** A live table of all checks on a terminal. When it closes, it is replaced by plain lines, such as a pipe gets. */
async function liveTable(
  checks: readonly Pick<MatrixCheck, 'id' | 'required'>[],
  { terminal, ...place }: Place & { terminal: NodeJS.WriteStream },
): Promise<Display> {
  const startedAt = new Map<CheckId, number>();
  const results = new Map<CheckId, MatrixResult>();
  const live = await startLiveText(
    () =>
      `${results.size} of ${checks.length} checks done\n${frame(checks, { startedAt, results, now: performance.now() })}`,
    terminal,
  );
  return {
    started: (id) => void startedAt.set(id, performance.now()),
    ended: (result) => void results.set(result.id, result),
    close() {
      live.stop();
      for (const { id } of checks) {
        const result = results.get(id);
        if (result !== undefined) show(result, place);
      }
    },
  };
}

/** Times are from `performance.now()`, which does not jump when somebody sets the clock. */
export type TableState = {
  startedAt: ReadonlyMap<CheckId, number>;
  results: ReadonlyMap<CheckId, MatrixResult>;
  now: number;
};

/** The table at one moment: a row for each check, with the time it has taken so far. */
export function frame(
  checks: readonly Pick<MatrixCheck, 'id' | 'required'>[],
  { startedAt, results, now }: TableState,
): string {
  const rows = checks.map(({ id, required }) => {
    const result = results.get(id);
    if (result !== undefined) {
      const took = result.status === 'skipped' ? '' : durationText(result.durationMs);
      return [resultLine(result), took];
    }
    const began = startedAt.get(id);
    const state = began === undefined ? 'waiting' : 'running';
    const took = began === undefined ? '' : durationText(now - began);
    return [`[${state}] ${id} (${requiredWord(required)})`, took];
  });
  const width = Math.max(...rows.map(([line = '']) => line.length));
  return rows.map(([line = '', took = '']) => `${line.padEnd(width)}  ${took}`.trimEnd()).join('\n');
}
