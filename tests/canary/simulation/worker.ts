// One thread of the simulation: a cell comes in, what became of its promotions goes out.
import { parentPort } from 'node:worker_threads';
import type { Cell } from './cells.ts';
import { simulateCell } from './simulate.ts';

parentPort?.on('message', ({ cell, promotions }: { cell: Cell; promotions: number }) => {
  parentPort?.postMessage(simulateCell(cell, promotions));
});
