import type { Json } from '../protocol/descriptors.ts';

/** The value at a path such as `containers.0.resources`; undefined when any part is missing. */
export function valueAt(resource: unknown, path: string): unknown {
  let value = resource;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Json)[step];
  }
  return value;
}

/**
 * A copy with the value at the path. `undefined` removes the field, and any parent that becomes empty. A path through a
 * list item that does not exist changes nothing.
 */
export function withValueAt(resource: Json, path: string, value: unknown): Json {
  const [step = '', ...rest] = path.split('.');
  if (rest.length === 0) return withField(resource, step, value);
  const inner = resource[step];
  if (Array.isArray(inner)) return { ...resource, [step]: withItemAt(inner, rest, value) };
  if (inner === undefined && value === undefined) return resource;
  const next = withValueAt((inner ?? {}) as Json, rest.join('.'), value);
  return withField(resource, step, isBlank(next) && value === undefined ? undefined : next);
}

/** Whether proto3 JSON leaves this value out of a message, because it is a default. */
export function isBlank(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === undefined || value === '' || value === 0 || value === false;
}

function withItemAt(items: readonly unknown[], [index = '', ...rest]: string[], value: unknown): unknown[] {
  return items.map((item, i) =>
    String(i) === index ? withValueAt(item as Json, rest.join('.'), value) : item,
  );
}

function withField(resource: Json, name: string, value: unknown): Json {
  const { [name]: _, ...others } = resource;
  return value === undefined ? others : { ...others, [name]: value };
}
