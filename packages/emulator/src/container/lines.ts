import type { Readable } from 'node:stream';

// Longer lines are cut: https://cloud.google.com/logging/quotas (an entry has at most 256 KiB).
const LONGEST_LINE = 256 * 1024;

/** Calls back with each line of a stream, without its line end, and with the rest at the end. Skips empty lines. */
export function eachLine(stream: Readable, onLine: (text: string) => void): void {
  let rest = '';
  const flush = (text: string): void => {
    const line = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (line !== '') onLine(line);
  };
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) flush(line);
    while (rest.length > LONGEST_LINE) {
      flush(rest.slice(0, LONGEST_LINE));
      rest = rest.slice(LONGEST_LINE);
    }
  });
  stream.once('end', () => flush(rest));
}
