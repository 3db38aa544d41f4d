import { hash } from 'node:crypto';

/** The unit in which reports are compared: a line that is not blank, or a whole fenced block. */
export type Token = { key: string; text: string; start: number; end: number };

/** Splits a text into tokens. The text is read as latin1, in which each character is one byte. */
export function tokensOf(text: string): Token[] {
  const lines = linesOf(text);
  const tokens: Token[] = [];
  const closingLine = fenceCloser(lines);
  for (let index = 0; index < lines.length; index += 1) {
    const first = lines[index];
    if (first === undefined || isBlank(first.text)) continue;
    const closing = closingLine(index);
    const { end } = lines[closing] ?? first;
    const whole = text.slice(first.start, end);
    tokens.push({ key: keyOf(whole), text: whole, start: first.start, end });
    index = closing;
  }
  return tokens;
}

type Line = { text: string; start: number; end: number };

function linesOf(text: string): Line[] {
  return [...text.matchAll(/[^\n]+/g)].map(({ 0: line, index }) => {
    const bare = line.replace(/\r$/, '');
    return { text: bare, start: index, end: index + bare.length };
  });
}

/**
 * Returns a function that takes the index of a line. If that line opens a fence, the function returns the index of the
 * line that closes it. If the line opens no fence, or nothing closes it, the function returns the same index. Call it
 * with increasing indexes.
 */
function fenceCloser(lines: readonly Line[]): (index: number) => number {
  // Fences that no later line closes. Without this set, a text full of them would be searched to its end for each one.
  const unclosed = new Set<string>();
  return (index) => {
    const fence = /^ {0,3}(`{3,}|~{3,})/.exec(lines[index]?.text ?? '')?.[1];
    if (fence === undefined || unclosed.has(fence)) return index;
    const closes = new RegExp(`^ {0,3}${fence}${fence[0]}*[ \\t]*$`);
    for (let at = index + 1; at < lines.length; at += 1) {
      if (closes.test(lines[at]?.text ?? '')) return at;
    }
    unclosed.add(fence);
    return index;
  };
}

/**
 * A short hash of a token. It ignores what formatters change: padding of table cells, the number of dashes under a
 * table's head, line endings, and backslashes before characters. A backslash at the end of a line is not one of these:
 * in a command it joins two lines.
 */
function keyOf(token: string): string {
  const essence = token.replace(/\\(?=\S)|\s+/g, '').replace(/-{2,}/g, '-');
  return hash('sha256', Buffer.from(essence, 'latin1'), 'base64url').slice(0, 8);
}

function isBlank(line: string): boolean {
  return /^\s*$/.test(line);
}
