import { cleanLine, cleanText, redact } from '@deploy/cli';

/**
 * A copy in which every text is a single line of about 500 characters at most, without control characters or known
 * secrets. Texts are redacted before they are cut, because half a secret would not be recognised.
 */
export function cleanValue<T>(value: T): T {
  // Only the contents of strings change, so the type still holds.
  return clean(value) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return cleanLine(redact(cleanText(value))).toWellFormed();
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, clean(each)]));
  }
  return value;
}
