import { invalidArgument } from '../protocol/errors.ts';
import type { LogEntryJson } from './store.ts';

/** Whether a log entry is one that a filter asks for. */
export type EntryFilter = (entry: LogEntryJson) => boolean;

type Comparator = '=' | '!=' | '>=' | '>' | '<=' | '<';

// google.logging.type.LogSeverity in google/logging/type/log_severity.proto, lowest first.
const SEVERITIES = [
  'DEFAULT',
  'DEBUG',
  'INFO',
  'NOTICE',
  'WARNING',
  'ERROR',
  'CRITICAL',
  'ALERT',
  'EMERGENCY',
];

const TERM = /^([a-zA-Z][\w.]*)\s*(!=|>=|<=|=|>|<)\s*(?:"((?:[^"\\]|\\.)*)"|([\w./:+-]+))(?=\s|$)/;

/**
 * Reads a filter in the part of the Logging query language that is spoken here: comparisons of the resource's type and
 * labels, the severity and the timestamp, joined by AND or by nothing but white space
 * (https://cloud.google.com/logging/docs/view/logging-query-language). Throws a 400 for anything else: a filter that
 * was only half understood would give entries that nobody asked for.
 */
export function parseFilter(filter: string): EntryFilter {
  const tests: EntryFilter[] = [];
  let rest = filter.trim();
  while (rest !== '') {
    const term = TERM.exec(rest);
    if (term === null) throw unparseable(rest);
    const [whole, field = '', comparator, quoted, bare] = term;
    const value = quoted?.replace(/\\(.)/g, '$1') ?? bare ?? '';
    tests.push(comparison(field, comparator as Comparator, value));
    rest = rest.slice(whole.length).trimStart();
    // A boolean operator is in capitals, and stands between two terms.
    if (/^AND(?=\s)/.test(rest)) rest = rest.slice('AND'.length).trimStart();
    else if (/^AND$/.test(rest)) throw unparseable(rest);
  }
  return (entry) => tests.every((test) => test(entry));
}

function comparison(field: string, comparator: Comparator, value: string): EntryFilter {
  if (field === 'severity') {
    const level = SEVERITIES.indexOf(value.toUpperCase());
    if (level < 0) throw invalidArgument(`Unparseable filter: '${value}' is not a severity.`);
    return ({ severity }) => holds(SEVERITIES.indexOf(severity), comparator, level);
  }
  if (field === 'timestamp') {
    const time = Date.parse(value);
    if (Number.isNaN(time)) throw invalidArgument(`Unparseable filter: '${value}' is not a timestamp.`);
    return ({ timestamp }) => holds(Date.parse(timestamp), comparator, time);
  }
  if (comparator !== '=' && comparator !== '!=') throw unparseable(`${field}${comparator}${value}`);
  if (field === 'resource.type') return ({ resource }) => holds(resource.type, comparator, value);
  const [, label] = /^resource\.labels\.(\w+)$/.exec(field) ?? [];
  if (label !== undefined) return ({ resource }) => holds(resource.labels[label] ?? '', comparator, value);
  throw invalidArgument(`Unparseable filter: the field '${field}' is not known here.`);
}

function holds<T extends string | number>(actual: T, comparator: Comparator, wanted: T): boolean {
  switch (comparator) {
    case '=':
      return actual === wanted;
    case '!=':
      return actual !== wanted;
    case '>=':
      return actual >= wanted;
    case '>':
      return actual > wanted;
    case '<=':
      return actual <= wanted;
    case '<':
      return actual < wanted;
  }
}

function unparseable(near: string): Error {
  return invalidArgument(`Unparseable filter: syntax error near '${near.slice(0, 40)}'.`);
}
