import { invalidArgument } from '../protocol/errors.ts';

export type Token = {
  kind: 'word' | 'text' | 'comparator' | '(' | ')' | 'AND' | 'OR' | 'NOT';
  text: string;
};

const SPACE_OR_COMMENT = /^(?:\s+|--[^\n]*)+/;
const COMPARATOR = /^(?:=~|!~|!=|>=|<=|=|>|<|:)/;
const TEXT = /^"((?:[^"\\]|\\.)*)"/;
// A path may have quoted segments, as in labels."k8s/name"; the text after a comparator may contain colons and dashes.
const WORD = /^(?:[^\s"()=!<>:~]|\."(?:[^"\\]|\\.)*")+/;
const VALUE = /^[^\s"()]+/;
const OPERATORS = ['AND', 'OR', 'NOT'] as const;

/** Splits a filter into words and signs. Operators are in upper case; a minus before a term means NOT. */
export function tokensOf(filter: string): Token[] {
  const tokens: Token[] = [];
  let rest = filter;
  const shift = (length: number): void => {
    rest = rest.slice(length);
  };
  for (;;) {
    shift(SPACE_OR_COMMENT.exec(rest)?.[0].length ?? 0);
    if (rest === '') return tokens;
    const isValue = tokens.at(-1)?.kind === 'comparator';
    const text = TEXT.exec(rest);
    const comparator = isValue ? null : COMPARATOR.exec(rest);
    const word = (isValue ? VALUE : WORD).exec(rest);
    if (rest.startsWith('(') || rest.startsWith(')')) {
      const kind = rest.startsWith('(') ? '(' : ')';
      tokens.push({ kind, text: kind });
      shift(1);
    } else if (text !== null) {
      tokens.push({ kind: 'text', text: plainText(text[1] ?? '') });
      shift(text[0].length);
    } else if (comparator !== null) {
      tokens.push({ kind: 'comparator', text: comparator[0] });
      shift(comparator[0].length);
    } else if (!isValue && rest.startsWith('-')) {
      tokens.push({ kind: 'NOT', text: '-' });
      shift(1);
    } else if (word !== null) {
      const operator = OPERATORS.find((each) => each === word[0]);
      tokens.push({ kind: operator ?? 'word', text: word[0] });
      shift(word[0].length);
    } else {
      throw unparseable(rest);
    }
  }
}

/** A quoted text without its escapes. */
export function plainText(quoted: string): string {
  return quoted.replace(/\\(.)/g, '$1');
}

export function unparseable(near: string): Error {
  return invalidArgument(`Unparseable filter: syntax error near '${near.slice(0, 40)}'.`);
}
