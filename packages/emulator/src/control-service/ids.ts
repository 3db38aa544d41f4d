/** 32 hexadecimal digits. */
export function randomId(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

/** Seconds since 1970, in the format of the session routes: whole seconds, `Z`. */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** Seconds since 1970, in the format of the sync token route: with fractions, and an offset instead of `Z`. */
export function offsetTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('Z', '+00:00');
}
