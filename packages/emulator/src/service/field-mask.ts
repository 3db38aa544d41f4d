import type { Json } from '../api/descriptors.ts';
import { invalidArgument } from '../api/errors.ts';

// The fields of a service that a caller sets; everything else is the platform's (OUTPUT_ONLY in service.proto).
const WRITABLE = [
  'description',
  'labels',
  'annotations',
  'client',
  'clientVersion',
  'ingress',
  'launchStage',
  'binaryAuthorization',
  'template',
  'traffic',
  'scaling',
  'invokerIamDisabled',
  'defaultUriDisabled',
  'customAudiences',
  'iapEnabled',
];

/**
 * What a masked update makes of a resource: the fields that the mask names come from the request, those that the
 * request leaves out are cleared, all others stay. No mask, or `*`, names every writable field.
 */
export function applyMask<T extends Json>(current: T, request: Json, mask: string | undefined): T {
  const paths = mask === undefined || mask === '' || mask === '*' ? WRITABLE : mask.split(',').map(camelCase);
  let next: Json = current;
  for (const path of paths) {
    const [field = '', ...rest] = path.split('.');
    if (!WRITABLE.includes(field)) {
      if (field in current) continue; // naming an output-only field is pointless, not wrong
      throw invalidArgument(`update_mask: there is no field '${path}'.`);
    }
    next = replaceAt(next, request, [field, ...rest]);
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
