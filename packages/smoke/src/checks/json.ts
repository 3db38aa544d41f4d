import type { Answer } from '../exchange.ts';

/** The object that an answer holds as JSON; undefined when it holds anything else. */
export function readRecord({ body }: Answer): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
