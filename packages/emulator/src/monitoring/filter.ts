import { plainText } from '../logs/tokens.ts';
import { invalidArgument } from '../protocol/errors.ts';

/** The parts of a time series that a filter can refer to. */
export type SeriesLabels = {
  metric: { type: string; labels: Readonly<Record<string, string>> };
  resource: { type: string; labels: Readonly<Record<string, string>> };
};

export type SeriesFilter = { metricType: string; test(series: SeriesLabels): boolean };

type Test = SeriesFilter['test'];

const TOKEN =
  /\s*(?:(AND|OR|NOT)(?=[\s(])|([()])|([a-z_]+(?:\.[a-z_]+)*)\s*(!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|([a-z_.]+)\(([^)]*)\)))/y;

/**
 * Parses a Monitoring filter (https://cloud.google.com/monitoring/api/v3/filters). Its language differs from Logging's:
 * `field = one_of("a", "b")` instead of lists in parentheses. Throws a 400 unless the filter names exactly one metric
 * type.
 */
export function parseSeriesFilter(filter: string): SeriesFilter {
  const types = new Set<string>();
  let position = 0;
  const next = (): RegExpExecArray | undefined => {
    TOKEN.lastIndex = position;
    return TOKEN.exec(filter) ?? undefined;
  };
  const accept = (group: number, text: string): boolean => {
    const token = next();
    if (token?.[group] !== text) return false;
    position = TOKEN.lastIndex;
    return true;
  };
  const refuse = (): Error =>
    invalidArgument(
      `Field filter had an invalid value: syntax error near '${filter.slice(position, position + 40)}'.`,
    );

  const any = (): Test => {
    const tests = [all()];
    while (accept(1, 'OR')) tests.push(all());
    return (series) => tests.some((test) => test(series));
  };
  const all = (): Test => {
    const tests = [not()];
    // As in Logging, white space between two terms means AND.
    while (accept(1, 'AND') || startsTerm()) tests.push(not());
    return (series) => tests.every((test) => test(series));
  };
  const startsTerm = (): boolean => {
    const token = next();
    return token?.[3] !== undefined || token?.[1] === 'NOT' || token?.[2] === '(';
  };
  const not = (): Test => {
    if (!accept(1, 'NOT')) return term();
    const test = not();
    return (series) => !test(series);
  };
  const term = (): Test => {
    if (accept(2, '(')) {
      const test = any();
      if (!accept(2, ')')) throw refuse();
      return test;
    }
    const token = next();
    const [, , , field, operator, text, name, list] = token ?? [];
    if (field === undefined) throw refuse();
    const value = labelReader(field);
    const matches =
      text === undefined
        ? matcher(name ?? '', argumentsOf(list ?? ''))
        : (own: string) => own === plainText(text);
    if (field === 'metric.type' && operator === '=' && text !== undefined) types.add(plainText(text));
    position = TOKEN.lastIndex;
    return (series) => matches(value(series)) === (operator === '=');
  };

  const test = any();
  if (filter.slice(position).trim() !== '') throw refuse();
  const [metricType, ...more] = types;
  if (metricType === undefined || more.length > 0) {
    throw invalidArgument('Field filter had an invalid value: it must name exactly one metric type.');
  }
  return { metricType, test };
}

/** The value at a path such as `resource.labels.revision_name`; `label` and `labels` are the same. */
export function labelReader(field: string): (series: SeriesLabels) => string {
  const [root, part, label] = field.split('.');
  const owner = root === 'metric' || root === 'resource' ? root : undefined;
  if (owner !== undefined && part === 'type' && label === undefined) return (series) => series[owner].type;
  if (owner !== undefined && (part === 'label' || part === 'labels') && label !== undefined) {
    return (series) => series[owner].labels[label] ?? '';
  }
  if (field === 'project') return ({ resource }) => resource.labels.project_id ?? '';
  throw invalidArgument(`Field filter had an invalid value: the field '${field}' is not known.`);
}

function matcher(name: string, values: readonly string[]): (own: string) => boolean {
  const [first = ''] = values;
  switch (name) {
    case 'one_of':
      return (own) => values.includes(own);
    case 'starts_with':
      return (own) => own.startsWith(first);
    case 'ends_with':
      return (own) => own.endsWith(first);
    case 'has_substring':
      return (own) => own.includes(first);
    case 'monitoring.regex.full_match': {
      const pattern = new RegExp(`^(?:${first})$`);
      return (own) => pattern.test(own);
    }
    default:
      throw invalidArgument(`Field filter had an invalid value: there is no function '${name}'.`);
  }
}

function argumentsOf(list: string): string[] {
  return [...list.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => plainText(text));
}
