import type { Writable } from 'node:stream';
import { cleanLine } from './clean-text.ts';
import { errorCode, errorMessage } from './errors.ts';

// EPIPE: the reader has closed the pipe, as `script | head -1` does.
const READER_LEFT = ['EPIPE', 'ECONNRESET'];
// A terminal that is gone. But a disk that fails says the same.
const GONE_OR_BROKEN = 'EIO';

/**
 * Lets a script do its work to the end even if its output cannot be written: a promotion must still roll back when the
 * disk that holds its log is full, or when the terminal is gone. Without this, the first line that cannot be written
 * would end the process. Returns a function that says why some of stdout is missing, which callers may have needed.
 * Undefined if nothing is missing, or if the reader has left, which is not a failure.
 */
export function outliveOutput({
  stdout,
  stderr,
}: {
  stdout: Writable & { isTTY?: boolean };
  stderr: Writable;
}): {
  whyIncomplete(): string | undefined;
} {
  let why: string | undefined;
  stdout.on('error', (error) => {
    const code = errorCode(error);
    const nobodyReads = READER_LEFT.includes(code) || (code === GONE_OR_BROKEN && stdout.isTTY === true);
    if (!nobodyReads) why ??= cleanLine(errorMessage(error), 200);
  });
  stderr.on('error', () => {});
  return { whyIncomplete: () => why };
}
