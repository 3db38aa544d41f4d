import { type Json, topFieldOf, writableFields } from '../protocol/descriptors.ts';

const SERVICE = 'google.cloud.run.v2.Service';

/**
 * Applies a masked update to a service. Fields that the mask names are taken from the request, or cleared if the
 * request leaves them out; all others stay. No mask, or `*`, names every writable field.
 */
export function applyMask<T extends Json>(current: T, request: Json, mask: string | undefined): T {
  // A caller may send `name` and `etag`, which identify the service and its state, but cannot change them.
  const writable = writableFields(SERVICE).filter((field) => field !== 'name' && field !== 'etag');
  const paths = mask === undefined || mask === '' || mask === '*' ? writable : mask.split(',').map(camelCase);
  let next: Json = current;
  for (const path of paths) {
    const field = topFieldOf(SERVICE, path);
    // Naming a field that only the platform writes has no effect, but is not an error.
    if (writable.includes(field)) next = replaceAt(next, request, path.split('.'));
  }
  // The result is still a T: only fields of the same resource were replaced.
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
