import { cleanLine, cleanText, redact } from '@deploy/cli';

/**
 * The same value with every text in it made one line without control characters and known secrets, at most some 500
 * characters long. Redacted before it is cut: half of a secret would not be recognised.
 */
export function cleanValue<T>(value: T): T {
  // Only strings change, and they stay strings.
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
