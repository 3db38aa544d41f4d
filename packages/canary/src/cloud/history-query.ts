import type { ObservationQuery } from '../observations/source.ts';
import { MINUTE_MS, minuteOf } from './minutes.ts';

/**
 * A query for the whole minutes of one revision that ended by `before`. A source compares two revisions, so this names the
 * same one twice.
 */
export function historyQuery(history: { revision: string; before: Date; minutes: number }): ObservationQuery {
  const to = new Date(minuteOf(history.before.getTime()));
  const from = new Date(to.getTime() - history.minutes * MINUTE_MS);
  return { stable: history.revision, canary: history.revision, from, to };
}
