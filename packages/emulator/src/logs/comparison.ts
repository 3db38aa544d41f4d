import { invalidArgument } from '../protocol/errors.ts';
import type { EntryFilter, LogEntryJson } from './entry.ts';
import { severityRank } from './severity.ts';
import { plainText, unparseable } from './tokens.ts';

// OWN are fields of LogEntry itself, which count as empty if an entry lacks them, as in proto3. PRESENT_OR_NOT are
// fields of a payload or of labels: if one is missing, it never matches, whatever it is compared with ("Missing and
// defaulted fields" of the query language).
const OWN = /^(?:logName|insertId|trace|spanId|resource\.type|httpRequest\.\w+)$/;
const PRESENT_OR_NOT = /^(?:textPayload|(?:jsonPayload|protoPayload|labels|resource\.labels)\..+)$/;
const TIME = /^(?:timestamp|receiveTimestamp)$/;

/** The filter for one comparison. Throws a 400 for a field, an operator or a value that the API would refuse. */
export function comparison(field: string, operator: string, wanted: string): EntryFilter {
  if (field === 'severity') return severityComparison(operator, wanted);
  if (TIME.test(field)) return timeComparison(field, operator, wanted);
  if (!OWN.test(field) && !PRESENT_OR_NOT.test(field)) {
    throw invalidArgument(`Unparseable filter: the field '${field}' is not known here.`);
  }
  const path = pathOf(field);
  const holds = valueComparison(field, operator, wanted);
  return (entry) => {
    const value = valueAt(entry, path);
    if (operator === ':' && wanted === '*') return value !== undefined;
    if (Array.isArray(value)) return value.some(holds);
    if (value !== undefined) return holds(value);
    return !PRESENT_OR_NOT.test(field) && holds('');
  };
}

/** Whether any value of the entry contains the words. */
export function hasText(entry: LogEntryJson, words: string): boolean {
  const wanted = words.toLowerCase();
  const inside = (value: unknown): boolean => {
    if (typeof value === 'object' && value !== null) return Object.values(value).some(inside);
    return String(value).toLowerCase().includes(wanted);
  };
  return inside(entry);
}

function severityComparison(operator: string, wanted: string): EntryFilter {
  const level = severityRank(wanted);
  if (level < 0) throw invalidArgument(`Unparseable filter: '${wanted}' is not a severity.`);
  const holds = ordering('severity', operator === ':' ? '=' : operator, wanted, level);
  return ({ severity }) => holds(severityRank(severity));
}

function timeComparison(field: string, operator: string, wanted: string): EntryFilter {
  const time = Date.parse(wanted);
  if (Number.isNaN(time)) throw invalidArgument(`Unparseable filter: '${wanted}' is not a timestamp.`);
  const holds = ordering(field, operator, wanted, time);
  return (entry) => holds(Date.parse(String(entry[field])));
}

function valueComparison(field: string, operator: string, wanted: string): (value: unknown) => boolean {
  // Only regular expressions are case-sensitive.
  const folded = wanted.toLowerCase();
  switch (operator) {
    case '=':
    case '!=': {
      const number = numberOf(wanted);
      const isSame = (value: unknown): boolean =>
        number !== undefined && numberOf(value) === number
          ? true
          : typeof value !== 'object' && String(value).toLowerCase() === folded;
      return operator === '=' ? isSame : (value) => !isSame(value);
    }
    case ':':
      return (value) => hasWithin(value, folded);
    case '=~':
    case '!~': {
      const pattern = regularExpression(wanted);
      return (value) => pattern.test(String(value)) === (operator === '=~');
    }
    default: {
      const holds = ordering(field, operator, wanted, numberOf(wanted));
      return (value) => {
        const number = value === '' ? 0 : numberOf(value);
        return number !== undefined && holds(number);
      };
    }
  }
}

function hasWithin(value: unknown, wanted: string): boolean {
  if (typeof value !== 'object' || value === null) return String(value).toLowerCase().includes(wanted);
  return Object.entries(value).some(
    ([key, inner]) => key.toLowerCase() === wanted || hasWithin(inner, wanted),
  );
}

const ORDERINGS: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  '=': (value, limit) => value === limit,
  '!=': (value, limit) => value !== limit,
  '>=': (value, limit) => value >= limit,
  '>': (value, limit) => value > limit,
  '<=': (value, limit) => value <= limit,
  '<': (value, limit) => value < limit,
};

function ordering(field: string, operator: string, wanted: string, limit: number | undefined) {
  const holds = ORDERINGS[operator];
  if (holds === undefined || limit === undefined) throw unparseable(`${field}${operator}${wanted}`);
  return (value: number): boolean => holds(value, limit);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };

/** A number, or a duration in seconds: `0.25`, `1.5s`, `200ms`. */
function numberOf(value: unknown): number | undefined {
  const [, digits, unit = ''] =
    /^(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(ns|us|ms|s|m|h)?$/i.exec(String(value)) ?? [];
  const factor = UNITS[unit];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

function regularExpression(source: string): RegExp {
  try {
    // RE2 takes flags as a leading `(?is)`. JavaScript has no such syntax, so they become the RegExp's flags.
    const [, flags = '', rest = source] = /^\(\?([is]+)\)(.*)$/s.exec(source) ?? [];
    return new RegExp(rest, flags);
  } catch {
    throw invalidArgument(`Unparseable filter: '${source}' is not a regular expression.`);
  }
}

function pathOf(field: string): string[] {
  return (field.match(/"(?:[^"\\]|\\.)*"|[^."]+/g) ?? []).map((part) =>
    part.startsWith('"') ? plainText(part.slice(1, -1)) : part,
  );
}

function valueAt(entry: LogEntryJson, path: readonly string[]): unknown {
  let value: unknown = entry;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
