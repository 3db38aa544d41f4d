import { diffArrays } from 'diff';
import { type Token, tokensOf } from './tokens.ts';

/** A text that a person added to a report, above its data, exactly as written. */
export type Remark = {
  /** The heading of its section; undefined for text above the first section. */
  section: string | undefined;
  /** If the text consists of rows that a person added to a table, the head of that table. */
  tableHead: string | undefined;
  text: string;
};

/**
 * Everything that people wrote in a report. The scripts keep it whenever they rewrite the report. Texts are read as
 * latin1, one character for each byte, so that they stay the same in any encoding.
 */
export type PeoplesText = {
  remarks: readonly Remark[];
  /** Comments in the data. */
  comments: readonly string[];
  /** The text after the data. In a new report, it is an empty section for notes. */
  notes: string;
};

/**
 * Finds what people wrote above the data: every token that the scripts did not write. `wrote` has the keys of the
 * scripts' tokens, in order. An earlier version of the scripts did not list these keys in its reports; `isKnown`
 * recognises its tokens.
 */
export function remarksIn(
  text: string,
  wrote: readonly string[],
  isKnown: (token: string) => boolean = () => false,
): Remark[] {
  const remarks: (Remark & { start: number; end: number })[] = [];
  let section: string | undefined;
  let table: string[] = [];
  let before: 'scripts' | 'people' | undefined;
  for (const { token, isOurs } of attribute(tokensOf(text), wrote, isKnown)) {
    const isRow = token.text.startsWith('|');
    const last = remarks.at(-1);
    if (isOurs) {
      section = /^#{1,2} /.test(token.text) ? token.text : (section ?? '');
      table = isRow ? [...table, token.text] : [];
    } else if (before === 'people' && last !== undefined) {
      last.end = token.end;
      last.text = text.slice(last.start, last.end);
    } else {
      const tableHead = isRow && table.length > 1 ? table.slice(0, 2).join('\n') : undefined;
      const { start, end } = token;
      remarks.push({ section, tableHead, text: text.slice(start, end), start, end });
    }
    before = isOurs ? 'scripts' : 'people';
  }
  return remarks.map(({ start: _, end: __, ...remark }) => remark);
}

type Attributed = { token: Token; isOurs: boolean };

/** Decides for each token whether the scripts wrote it. */
function attribute(
  tokens: readonly Token[],
  wrote: readonly string[],
  isKnown: (token: string) => boolean,
): Attributed[] {
  const isInPlace = compare(tokens, wrote);
  const missing = new Map<string, number>();
  for (const key of wrote) missing.set(key, (missing.get(key) ?? 0) + 1);
  const take = (key: string): void => void missing.set(key, (missing.get(key) ?? 0) - 1);
  for (const [index, { key }] of tokens.entries()) if (isInPlace[index]) take(key);

  let isOurs = false;
  return tokens.map((token, index) => {
    // If a token of the scripts is missing in one place and appears in another, a person has only moved it. A token
    // without words, such as the end of a fold, belongs to whoever wrote the token before it.
    const isMoved =
      !isInPlace[index] && (missing.get(token.key) ?? 0) > 0 && (hasWords(token.text) || isOurs);
    if (isMoved) take(token.key);
    isOurs = isInPlace[index] === true || isMoved || isKnown(token.text);
    return { token, isOurs };
  });
}

// The most differences to look for, because looking for more would take seconds. If there are more, every token is
// treated as if a person had moved it.
const MOST_DIFFERENCES = 3000;

/** Decides for each token whether it is still where the scripts wrote it. */
function compare(tokens: readonly Token[], wrote: readonly string[]): boolean[] {
  const keys = tokens.map(({ key }) => key);
  const changes = diffArrays([...wrote], keys, { maxEditLength: MOST_DIFFERENCES }) ?? [];
  return changes.flatMap(({ added, removed, value }) => (removed ? [] : value.map(() => !added)));
}

function hasWords(token: string): boolean {
  return /[A-Za-z0-9]/.test(token) && !/^<\/?\w+>$/.test(token);
}
