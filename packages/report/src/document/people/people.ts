import { diffArrays } from 'diff';
import { type Token, tokensOf } from './tokens.ts';

/** Text that a person put among what the scripts wrote, to the letter. */
export type Remark = {
  /** The heading of the section that it stands in; undefined when it stands before everything else. */
  section: string | undefined;
  /** The head of the table that it has rows of. */
  tableHead: string | undefined;
  text: string;
};

/** What is not the scripts' in a report, and survives whatever they write. Texts are read as latin1. */
export type PeoplesText = {
  remarks: readonly Remark[];
  /** Comments in the data. */
  comments: readonly string[];
  /** What stands behind the data, where new reports have an empty section of notes. */
  notes: string;
};

/**
 * Finds what people wrote in the text before the data: every token that is not among those which the scripts `wrote`,
 * given by their keys in order. `isKnown` recognises what an earlier version wrote, without its keys.
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

/** Says of each token whether the scripts wrote it. */
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

  let goesAlong = false;
  return tokens.map((token, index) => {
    // A section that was moved is missing in one place and turns up in another. What is no word by itself, such as the
    // end of a fold, goes with what stands before it.
    const isMoved =
      !isInPlace[index] && (missing.get(token.key) ?? 0) > 0 && (isTelling(token.text) || goesAlong);
    if (isMoved) take(token.key);
    goesAlong = isInPlace[index] === true || isMoved || isKnown(token.text);
    return { token, isOurs: goesAlong };
  });
}

// Beyond it, comparing takes seconds. What is then not found in place is found as if it had been moved.
const MOST_DIFFERENCES = 3000;

/** Says of each token whether it stands where the scripts wrote it. */
function compare(tokens: readonly Token[], wrote: readonly string[]): boolean[] {
  const keys = tokens.map(({ key }) => key);
  const changes = diffArrays([...wrote], keys, { maxEditLength: MOST_DIFFERENCES }) ?? [];
  return changes.flatMap(({ added, removed, value }) => (removed ? [] : value.map(() => !added)));
}

function isTelling(token: string): boolean {
  return /[A-Za-z0-9]/.test(token) && !/^<\/?\w+>$/.test(token);
}
