/** A line of a gate's output, or a note of its runner, which is not part of the gate's log. */
export type GateLine = { stream: 'stdout' | 'stderr' | 'note'; text: string };

const MARKS = { stdout: 'out| ', stderr: 'err| ', note: 'note| ' } as const;

/**
 * A gate's line on its way through turbo, which merges the two streams and mixes in lines of its own and of pnpm's:
 * the mark tells which stream it was, and that it is the gate's.
 */
export function frameLine({ stream, text }: GateLine): string {
  return `${MARKS[stream]}${text}`;
}

/** The gate's line in a line of a task's output; undefined for lines that are not the gate's. */
export function unframeLine(line: string): GateLine | undefined {
  for (const stream of ['stdout', 'stderr', 'note'] as const) {
    const mark = MARKS[stream];
    // Turbo trims what is blank at the end, so an empty line arrives as the bare mark.
    if (line.startsWith(mark) || line === mark.trimEnd()) return { stream, text: line.slice(mark.length) };
  }
  return undefined;
}
