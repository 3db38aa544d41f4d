import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { cleanText } from './clean-text.ts';
import { redact } from './secret.ts';

/** Where a script writes: `data` is what a caller reads (stdout), `note` is for people (stderr). A line at a time. */
export type Output = {
  data(line: string): void;
  note(line: string): void;
};

/**
 * An output on two streams; every line loses its control characters and known secrets on the way. On a terminal, verdicts
 * and errors have a colour, unless NO_COLOR is set; FORCE_COLOR gives them one on stderr wherever that goes, but not on
 * stdout, which callers read.
 */
export function createOutput(streams: { stdout: Writable; stderr: Writable }): Output {
  return {
    data: (line) => writeLine(streams.stdout, line, isTerminal(streams.stdout)),
    note: (line) => writeLine(streams.stderr, line, true),
  };
}

function writeLine(stream: Writable, line: string, mayHaveColour: boolean): void {
  const clean = redact(cleanText(line));
  stream.write(`${mayHaveColour ? coloured(clean, stream) : clean}\n`);
}

const STYLES = {
  green: /^(?:\[(?:passed|ok|hit)\]|ok\b)/gm,
  red: /^(?:\[(?:failed|error)\]|error:|NOT AS EXPECTED)/gm,
  yellow: /^(?:\[(?:skipped|warning|not run|miss)\]|warning:)/gm,
  bold: /^## .*/gm,
} as const;

function coloured(text: string, stream: Writable): string {
  return Object.entries(STYLES).reduce(
    (painted, [style, words]) =>
      painted.replace(words, (word) => styleText(style as keyof typeof STYLES, word, { stream })),
    text,
  );
}

function isTerminal(stream: Writable): boolean {
  return 'isTTY' in stream && stream.isTTY === true;
}
