import { type Exchange, plain, type Reply } from './exchange.ts';

/** The kinds of fields in the service's requests. All except `text` are optional. */
type Kinds = {
  text: string;
  'optional text': string | undefined;
  texts: readonly string[];
  'optional count': number | undefined;
};

type Shape = Readonly<Record<string, keyof Kinds>>;

export type Parsed<S extends Shape> = { fields: { [Name in keyof S]: Kinds[S[Name]] } } | { refusal: Reply };

const LARGEST_COUNT = 2 ** 32 - 1;

/**
 * Reads a body as axum's `Json` extractor does. The extractor runs before any code of the service, so a bad body is
 * refused even without a login: another content type with 415, broken JSON with 400, and a missing field or a wrong
 * type with 422, all in plain text. Unknown fields are ignored. Like serde, this also takes a JSON array: its items are
 * the fields in order.
 */
export function parseBody<S extends Shape>({ headers, body }: Exchange, shape: S): Parsed<S> {
  if (!/^application\/(?:json|[^;]+\+json)\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    return { refusal: plain(415, 'Expected request with `Content-Type: application/json`') };
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { refusal: plain(400, 'Failed to parse the request body as JSON') };
  }
  const given = fieldsOf(value, Object.keys(shape));
  const fields: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(shape)) {
    const read = given && readField(kind, given[name]);
    if (read === undefined) {
      return { refusal: plain(422, 'Failed to deserialize the JSON body into the target type') };
    }
    fields[name] = read.value;
  }
  // The cast is safe, because each field was read as the kind that the shape names.
  return { fields: fields as { [Name in keyof S]: Kinds[S[Name]] } };
}

function fieldsOf(value: unknown, names: readonly string[]): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return { ...value };
  return value.length > names.length
    ? undefined
    : Object.fromEntries(value.map((item, i) => [names[i] ?? '', item]));
}

function readField(kind: keyof Kinds, value: unknown): { value: unknown } | undefined {
  switch (kind) {
    case 'text':
      return typeof value === 'string' ? { value } : undefined;
    case 'optional text':
      return isLeftOut(value) ? { value: undefined } : readField('text', value);
    case 'texts':
      if (value === undefined) return { value: [] };
      return Array.isArray(value) && value.every((item) => typeof item === 'string') ? { value } : undefined;
    case 'optional count':
      if (isLeftOut(value)) return { value: undefined };
      return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= LARGEST_COUNT
        ? { value }
        : undefined;
  }
}

function isLeftOut(value: unknown): boolean {
  return value === undefined || value === null;
}
