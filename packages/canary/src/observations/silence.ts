import type { HistoryReading, ObservedMinute } from './source.ts';

/** Whether the revision had so many requests in each of these minutes that a minute without any is no chance. */
export function isBusy({ minutes, outOf }: Extract<HistoryReading, { state: 'read' }>): boolean {
  const requests = minutes.reduce((sum, minute) => sum + minute.requests, 0);
  return outOf >= 3 && minutes.length === outOf && requests >= 10 * outOf;
}

/** Whether neither revision had a request in this minute, as far as the source knows. */
export function isSilent({ stable, canary }: ObservedMinute): boolean {
  return stable.requests + canary.requests === 0;
}

/** Why nothing can be said of a service that is much used and of which nothing is seen; undefined if there is no gap. */
export function whyUnseen(silentMinutes: number): string | undefined {
  if (silentMinutes === 0) return undefined;
  const minutes = silentMinutes === 1 ? 'a minute' : `${silentMinutes} minutes`;
  return `no request of either revision was seen in ${minutes}, though stable had some all the time before: what tells of them is late, or lost`;
}
