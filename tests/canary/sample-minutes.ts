import type { Observation } from '@deploy/canary/verdict';

/** One minute of one revision, with as many requests and errors. */
export function seen(requests: number, errors = 0, more: Partial<Observation> = {}): Observation {
  return { requests, errors, ...more };
}

/** The same thing so many times. */
export function times<T>(count: number, thing: T): T[] {
  return Array.from({ length: count }, () => thing);
}
