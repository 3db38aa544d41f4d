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
  const attributed: Attributed[] = [];
  const missing: string[] = [];
  const keys = tokens.map(({ key }) => key);
  for (const { added, removed, value } of diffArrays([...wrote], keys)) {
    if (removed) missing.push(...value);
    else {
      const next = tokens.slice(attributed.length, attributed.length + value.length);
      attributed.push(...next.map((token) => ({ token, isOurs: !added })));
    }
  }
  return attributed.map(({ token, isOurs }, index) => {
    if (isOurs || isKnown(token.text)) return { token, isOurs: true };
    // A section that was moved is missing in one place and turns up in another. What is no word by itself, such as the
    // end of a fold, goes with what stands before it.
    const found = missing.indexOf(token.key);
    const goesAlong = attributed[index - 1]?.isOurs === true;
    if (found === -1 || !(isTelling(token.text) || goesAlong)) return { token, isOurs: false };
    missing.splice(found, 1);
    const moved = { token, isOurs: true };
    attributed[index] = moved;
    return moved;
  });
}

function isTelling(token: string): boolean {
  return /[A-Za-z0-9]/.test(token) && !/^<\/?\w+>$/.test(token);
}
