import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Cell } from './cells.ts';
import type { CellResult } from './simulate.ts';

/** Simulates so many promotions of each cell, on all cores; `onDone` hears how many cells are done. */
export async function simulateAll(
  cells: readonly Cell[],
  promotions: number,
  onDone: (done: number) => void = () => {},
): Promise<Map<string, CellResult>> {
  const results = new Map<string, CellResult>();
  const left = [...cells];
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url));
    try {
      for (let cell = left.shift(); cell !== undefined; cell = left.shift()) {
        worker.postMessage({ cell, promotions });
        const [result] = await once(worker, 'message');
        results.set(cell.name, result as CellResult);
        onDone(results.size);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return results;
}
