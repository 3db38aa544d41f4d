import { cleanText } from './clean-text.ts';
import { redact } from './secret.ts';

export type BoundedText = {
  /** Adds one line or several. */
  line(text: string): void;
  /**
   * The text, cleaned and redacted. If it is too long, only its beginning and its end, and between them a line that
   * says how much is missing.
   */
  text(): string;
};

// How much to cut away on both sides of a gap: a secret of several lines may begin or end in the gap, and `redact`
// would not recognise what remains of it.
const MARGIN = 64 * 1024;

/**
 * Keeps the beginning and the end of a text of any length. Never holds more than three times `most` characters in
 * memory.
 */
export function boundedText(most: number): BoundedText {
  const head = chunk();
  let older = chunk();
  let newer = chunk();
  const gap = chunk();
  return {
    line(text) {
      if (head.length < most) return head.add(text);
      newer.add(text);
      if (newer.length < most) return;
      gap.lines += older.lines;
      gap.length += older.length;
      older = newer;
      newer = chunk();
    },
    text() {
      const tail = [...older.parts, ...newer.parts];
      if (gap.length === 0) return shown([...head.parts, ...tail]);
      const start = shown(head.parts).slice(0, -MARGIN);
      const end = shown(tail).slice(MARGIN);
      const mebibytes = (gap.length / 1024 / 1024).toFixed(1);
      return [
        start.slice(0, start.lastIndexOf('\n')),
        `\n… ${gap.lines} lines and more (${mebibytes} MiB) left out here …\n`,
        end.slice(end.indexOf('\n') + 1),
      ].join('\n');
    },
  };
}

function chunk() {
  return {
    parts: [] as string[],
    lines: 0,
    length: 0,
    add(lines: string) {
      this.parts.push(lines);
      this.lines += 1;
      this.length += lines.length + 1;
    },
  };
}

// Redact the text as a whole: a secret that contains a line break would not be recognised line by line.
function shown(parts: readonly string[]): string {
  return redact(cleanText(`${parts.join('\n')}\n`));
}
