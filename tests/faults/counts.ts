import { appendFileSync } from 'node:fs';

/** Adds to one of the numbers of the table that `pnpm test:faults` ends with. */
export function count(what: string, howMany = 1): void {
  const file = process.env.FAULT_COUNTS;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ what, howMany })}\n`);
}
