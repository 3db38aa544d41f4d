import { type Json, topFieldOf, writableFields } from '../protocol/descriptors.ts';

const SERVICE = 'google.cloud.run.v2.Service';
// Of the fields that a caller may send, these two say which service is meant, and which state of it.
const WRITABLE = writableFields(SERVICE).filter((field) => field !== 'name' && field !== 'etag');

/**
 * What a masked update makes of a service: the fields that the mask names come from the request, those that the
 * request leaves out are cleared, all others stay. No mask, or `*`, names every writable field.
 */
export function applyMask<T extends Json>(current: T, request: Json, mask: string | undefined): T {
  const paths = mask === undefined || mask === '' || mask === '*' ? WRITABLE : mask.split(',').map(camelCase);
  let next: Json = current;
  for (const path of paths) {
    const field = topFieldOf(SERVICE, path);
    // Naming a field that the platform writes is pointless, not wrong.
    if (WRITABLE.includes(field)) next = replaceAt(next, request, path.split('.'));
  }
  // Only fields of the same resource were replaced.
  return next as T;
}

function replaceAt(current: Json, request: Json, [field = '', ...rest]: string[]): Json {
  if (rest.length === 0) {
    const { [field]: _, ...others } = current;
    return field in request ? { ...others, [field]: request[field] } : others;
  }
  return { ...current, [field]: replaceAt(asJson(current[field]), asJson(request[field]), rest) };
}

function asJson(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function camelCase(path: string): string {
  return path.trim().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
