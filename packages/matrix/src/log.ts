import { boundedText } from '@deploy/cli';

/** A check's log, line by line. Known secrets are redacted. */
export type CheckLog = {
  /** Adds a line, or several. */
  line(text: string): void;
  /** The whole log; when it grew too long, its beginning and its end. */
  text(): string;
};

const MOST_CHARACTERS = 2 * 1024 * 1024;

export function createCheckLog(): CheckLog {
  const kept = boundedText(MOST_CHARACTERS);
  return { line: kept.add, text: kept.text };
}
