import type { Output } from '@deploy/cli';
import type { Check } from '../check.ts';
import { type Display, linesDisplay } from './display.ts';

/** A live table on a terminal, else lines. The table is loaded here and not before. */
export async function openDisplay(
  checks: readonly Pick<Check, 'id' | 'required'>[],
  { out, terminal }: { out: Output; terminal: NodeJS.WriteStream },
): Promise<Display> {
  if (!terminal.isTTY)
    return linesDisplay(
      checks.map(({ id }) => id),
      out,
    );
  const { liveTable } = await import('./live-table.ts');
  return liveTable(checks, { out, terminal });
}
