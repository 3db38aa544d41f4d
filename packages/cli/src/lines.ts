import { redact } from './secret.ts';

/** The longest line that is passed on unchanged, in characters. */
const LONGEST_LINE = 64 * 1024;
// A longer line is cut after it is redacted. Until then, this many more characters are kept, so that a secret that
// spans the cut is recognised.
const MARGIN = 64 * 1024;

type LineSplitter = {
  add(text: string): void;
  /** Call this at the end of the input: it passes on the text after the last line break. */
  end(): void;
};

/**
 * Splits text that comes in pieces into lines. If a line is too long or never ends, only its beginning is passed on,
 * with the number of missing characters, so that memory stays bounded.
 */
export function lineSplitter(onLine: (line: string) => void): LineSplitter {
  let held = '';
  let leftOut = 0;
  const hold = (text: string): void => {
    const room = LONGEST_LINE + MARGIN - held.length;
    held += text.slice(0, room);
    leftOut += Math.max(0, text.length - room);
  };
  const passOn = (): void => {
    onLine(shortened(held, leftOut).replace(/\r$/, ''));
    held = '';
    leftOut = 0;
  };
  return {
    add(text) {
      let start = 0;
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
        hold(text.slice(start, end));
        passOn();
        start = end + 1;
      }
      hold(text.slice(start));
    },
    end() {
      if (held !== '') passOn();
    },
  };
}

function shortened(line: string, leftOut: number): string {
  if (line.length + leftOut <= LONGEST_LINE) return line;
  const more = line.length - LONGEST_LINE + leftOut;
  return `${redact(line).slice(0, LONGEST_LINE)}… (${more} more characters of this line left out)`;
}
