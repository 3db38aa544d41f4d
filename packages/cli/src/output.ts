import type { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { cleanText } from './clean-text.ts';
import { withoutCommands } from './github-commands.ts';
import { redact } from './secret.ts';

/** Where a script writes whole lines. */
export type Output = {
  /** Writes to stdout, for callers. */
  data(line: string): void;
  /** Writes to stderr, for people. Nothing in it is a command to GitHub Actions. */
  note(line: string): void;
  /** Like `note`, for lines that may be commands to GitHub Actions: our own, and those of a gate. */
  verbatim(line: string): void;
};

/**
 * Makes an output that removes control characters and known secrets from every line. Verdicts and errors are coloured
 * on a terminal, unless NO_COLOR is set. With FORCE_COLOR, stderr is coloured even if it is not a terminal. stdout is
 * not, because callers read it.
 */
export function createOutput(streams: { stdout: Writable; stderr: Writable }): Output {
  return {
    data: (line) => writeLine(streams.stdout, clean(line), isTerminal(streams.stdout)),
    note: (line) => writeLine(streams.stderr, withoutCommands(clean(line)), true),
    verbatim: (line) => writeLine(streams.stderr, clean(line), true),
  };
}

function clean(text: string): string {
  return redact(cleanText(text));
}

function writeLine(stream: Writable, line: string, mayHaveColour: boolean): void {
  stream.write(`${mayHaveColour ? coloured(line, stream) : line}\n`);
}

const STYLES = {
  green: /^(?:\[(?:passed|ok|hit)\]|ok\b)/gm,
  red: /^(?:\[(?:failed|error)\]|error(?::| {2})|NOT AS EXPECTED)/gm,
  yellow: /^(?:\[(?:skipped|warning|not run|miss)\]|warning(?::| {2}))/gm,
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
