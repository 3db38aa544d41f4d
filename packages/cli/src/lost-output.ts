import type { Writable } from 'node:stream';
import { cleanLine } from './clean-text.ts';
import { errorCode, errorMessage } from './errors.ts';

// EPIPE: the reader has closed the pipe, as `script | head -1` does. EIO: the terminal is gone.
const NOBODY_READS = ['EPIPE', 'EIO', 'ECONNRESET'];

/**
 * Lets a script do its work to the end even if its output cannot be written: a promotion must still roll back when the
 * disk that holds its log is full, or when the terminal is gone. Without this, the first line that cannot be written
 * would end the process. Returns a function that says why some of stdout is missing, which callers may have needed.
 * Undefined if nothing is missing, or if the reader has left, which is not a failure.
 */
export function outliveOutput({ stdout, stderr }: { stdout: Writable; stderr: Writable }): {
  whyIncomplete(): string | undefined;
} {
  let why: string | undefined;
  stdout.on('error', (error) => {
    if (!NOBODY_READS.includes(errorCode(error))) why ??= cleanLine(errorMessage(error), 200);
  });
  stderr.on('error', () => {});
  return { whyIncomplete: () => why };
}
