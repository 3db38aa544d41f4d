import { boundedText } from '@deploy/cli';

/** What a check has to tell about itself, line by line. Known secrets never get into it. */
export type CheckLog = {
  /** A line, or several. */
  line(text: string): void;
  /** All of it; of a log that became too long, its beginning and its end. */
  text(): string;
};

const MOST_CHARACTERS = 2 * 1024 * 1024;

export function createCheckLog(): CheckLog {
  const kept = boundedText(MOST_CHARACTERS);
  return { line: kept.add, text: kept.text };
}
