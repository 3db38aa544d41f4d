/** A line of a gate's output, or a note from its runner that is not part of the gate's log. */
export type GateLine = { stream: 'stdout' | 'stderr' | 'note'; text: string };

const MARKS = { stdout: 'out| ', stderr: 'err| ', note: 'note| ' } as const;

/**
 * Marks a gate's line before it goes through turbo, which merges the two streams and adds its own lines and pnpm's. The
 * mark shows that the line is the gate's, and which stream it came from.
 */
export function frameLine({ stream, text }: GateLine): string {
  return `${MARKS[stream]}${text}`;
}

/** Extracts the gate's line from a line of a task's output; undefined when the line is not the gate's. */
export function unframeLine(line: string): GateLine | undefined {
  for (const stream of ['stdout', 'stderr', 'note'] as const) {
    const mark = MARKS[stream];
    // Turbo trims trailing spaces, so an empty line arrives as the bare mark.
    if (line.startsWith(mark) || line === mark.trimEnd()) return { stream, text: line.slice(mark.length) };
  }
  return undefined;
}
