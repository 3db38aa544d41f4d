/** 32 hexadecimal digits. */
export function randomId(): string {
  return crypto.randomUUID().replaceAll('-', '');
}

/** Seconds since 1970 as the session routes spell a time: whole seconds, `Z`. */
export function rfc3339(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** The same moment as the sync token route spells it: fractions, and the offset instead of `Z`. */
export function offsetTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('Z', '+00:00');
}
