import { invalidArgument } from '../protocol/errors.ts';
import { comparison, hasText } from './comparison.ts';
import type { EntryFilter } from './entry.ts';
import { type Token, tokensOf, unparseable } from './tokens.ts';

/**
 * Parses a filter of the Logging query language (https://cloud.google.com/logging/docs/view/logging-query-language). A
 * filter may contain comparisons (also with `:` and regular expressions), lists of values in parentheses, words to find
 * in any field, and `log_id()`. They are joined by AND (or just white space) and OR, and negated by NOT. OR binds more
 * tightly than AND. Anything else throws a 400, because half a filter would select the wrong entries.
 */
export function parseFilter(filter: string): EntryFilter {
  const tokens = tokensOf(filter);
  if (tokens.length === 0) return () => true;
  const parser = createParser(tokens);
  const test = parser.all();
  const rest = parser.peek();
  if (rest !== undefined) throw unparseable(rest.text);
  return test;
}

function createParser(tokens: readonly Token[]) {
  let position = 0;
  const peek = (ahead = 0): Token | undefined => tokens[position + ahead];
  const take = (kind: Token['kind']): Token | undefined => {
    const token = peek();
    if (token?.kind !== kind) return undefined;
    position += 1;
    return token;
  };
  const need = (kind: Token['kind']): Token => {
    const token = take(kind);
    if (token === undefined) throw unparseable(peek()?.text ?? 'the end');
    return token;
  };

  const all = (): EntryFilter => {
    const tests = [any()];
    while (peek() !== undefined && peek()?.kind !== ')') {
      take('AND');
      tests.push(any());
    }
    return (entry) => tests.every((test) => test(entry));
  };
  const any = (): EntryFilter => {
    const tests = [not()];
    while (take('OR')) tests.push(not());
    return (entry) => tests.some((test) => test(entry));
  };
  const not = (): EntryFilter => {
    if (!take('NOT')) return term();
    const test = not();
    return (entry) => !test(entry);
  };
  const term = (): EntryFilter => {
    if (take('(')) {
      const test = all();
      need(')');
      return test;
    }
    const word = take('text') ?? need('word');
    if (word.text === 'log_id' && peek()?.kind === '(') return logId();
    const comparator = take('comparator');
    if (comparator === undefined) return (entry) => hasText(entry, word.text);
    return values(word, comparator.text);
  };
  const logId = (): EntryFilter => {
    need('(');
    const { text } = need('text');
    need(')');
    return ({ logName }) => logName.endsWith(`/logs/${encodeURIComponent(text)}`);
  };
  // `field=("a" OR "b")` is short for `field="a" OR field="b"`, and the same goes for AND.
  const values = (field: Token, comparator: string): EntryFilter => {
    if (!take('(')) {
      const value = take('text') ?? need('word');
      return comparison(field.text, comparator, value.text);
    }
    const tests = [comparison(field.text, comparator, (take('text') ?? need('word')).text)];
    const joint = peek()?.kind === 'AND' ? 'AND' : 'OR';
    while (take(joint)) tests.push(comparison(field.text, comparator, (take('text') ?? need('word')).text));
    need(')');
    return (entry) =>
      joint === 'OR' ? tests.some((test) => test(entry)) : tests.every((test) => test(entry));
  };
  return { all, peek };
}

/** Throws a 400 for a filter that is longer than the API accepts. */
export function requireShort(filter: string): void {
  // The limit is that of ListLogEntriesRequest in google/logging/v2/logging.proto.
  if (filter.length > 20_000) throw invalidArgument('The filter is too long.');
}
