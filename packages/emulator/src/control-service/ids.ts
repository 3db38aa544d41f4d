/** 32 hexadecimal digits. */
export function randomId(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

/** A time in the format of the session routes: whole seconds, and `Z`. `seconds` counts from 1970. */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** A time in the format of the sync token route: with fractions, and `+00:00` for `Z`. `seconds` counts from 1970. */
export function offsetTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('Z', '+00:00');
}
