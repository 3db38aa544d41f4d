import type { ObservationQuery, ObservedMinute, ReadMinutes } from '../observations/source.ts';
import type { Observation } from '../observations/types.ts';

export const MINUTE_MS = 60_000;

/** What has arrived by now: `now` is when the source was read, `delayMs` how late something may still come in. */
export type Arrival = { readonly now: Date; readonly delayMs: number };

/** The start of the clock minute that a moment lies in, in milliseconds. */
export function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
}

/**
 * Lays observations out minute by minute. A minute is closed once everything of it must have arrived: from then on a revision that has
 * nothing in it had no requests. Before that, nothing can be told from silence, and what is known of a minute may still grow: it is
 * open. A minute that has ended must not hide the one that is running: a candidate that breaks with the first second of a
 * minute would else be seen half a minute later.
 */
export function layOut(
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
