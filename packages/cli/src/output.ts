import type { Writable } from 'node:stream';
import { cleanText } from './clean-text.ts';
import { redact } from './secret.ts';

/** Where a script writes: `data` is what a caller reads (stdout), `note` is for people (stderr). A line at a time. */
export type Output = {
  data(line: string): void;
  note(line: string): void;
};

/** An output on two streams; every line loses its control characters and known secrets on the way. */
export function createOutput(streams: { stdout: Writable; stderr: Writable }): Output {
  return {
    data: (line) => writeLine(streams.stdout, line),
    note: (line) => writeLine(streams.stderr, line),
  };
}

function writeLine(stream: Writable, line: string): void {
  stream.write(`${redact(cleanText(line))}\n`);
}
