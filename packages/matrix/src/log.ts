import { cleanText, redact } from '@deploy/cli';

/** What a check has to tell about itself, line by line. Known secrets never get into it. */
export type CheckLog = {
  /** A line, or several. */
  line(text: string): void;
  text(): string;
};

export function createCheckLog(): CheckLog {
  const lines: string[] = [];
  return {
    line: (text) => void lines.push(text),
    // Redacted as a whole: a secret that holds a line break would not be recognised in its lines.
    text: () => redact(cleanText(`${lines.join('\n')}\n`)),
  };
}
