import type { ObservationQuery, ObservedMinute, ReadMinutes } from '../observations/source.ts';
import type { Observation } from '../verdict/observation.ts';

export const MINUTE_MS = 60_000;

/** `now` is when the source was read; `delayMs` is how late its entries or points may arrive. */
export type Arrival = { readonly now: Date; readonly delayMs: number };

/** The start of the clock minute that contains a moment, in milliseconds. */
export function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
}

/**
 * Sorts observations into minutes. A minute is closed once everything in it must have arrived. Only then does a
 * revision without observations count as having had no requests. Until then the minute is open: its figures may still
 * grow or arrive. The current minute is returned even if the one before it is still open. Waiting for that one to close
 * would cost half a minute when a candidate breaks at the start of a minute.
 */
export function sortIntoMinutes(
  { stable, canary, from, to }: ObservationQuery,
  { now, delayMs }: Arrival,
  observe: (revision: string, minuteStart: number) => Observation,
): ReadMinutes {
  const at = (start: number): ObservedMinute => ({
    startsAt: new Date(start),
    stable: observe(stable, start),
    canary: observe(canary, start),
  });
  const closed: ObservedMinute[] = [];
  const open: ObservedMinute[] = [];
  const first = Math.ceil(from.getTime() / MINUTE_MS) * MINUTE_MS;
  let start = first;
  for (; start + MINUTE_MS <= to.getTime(); start += MINUTE_MS) {
    if (start + MINUTE_MS + delayMs > now.getTime()) break;
    closed.push(at(start));
  }
  for (; start < Math.min(to.getTime(), now.getTime()); start += MINUTE_MS) open.push(at(start));
  return { state: 'read', closed, open };
}
