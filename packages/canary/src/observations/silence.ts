import type { HistoryReading, ObservedMinute } from './source.ts';

/** Whether the revision had so many requests in each of these minutes that a later minute without any can hardly be chance. */
export function isBusy({ minutes, outOf }: Extract<HistoryReading, { state: 'read' }>): boolean {
  const requests = minutes.reduce((sum, minute) => sum + minute.requests, 0);
  return outOf >= 3 && minutes.length === outOf && requests >= 10 * outOf;
}

/** Whether neither revision had a request in this minute, as far as the source knows. */
export function isSilent({ stable, canary }: ObservedMinute): boolean {
  return stable.requests + canary.requests === 0;
}

/** Why a busy service cannot be judged when some of its minutes seem to have no requests; undefined if there are none. */
export function whyUnseen(silentMinutes: number): string | undefined {
  if (silentMinutes === 0) return undefined;
  const minutes = silentMinutes === 1 ? 'a minute' : `${silentMinutes} minutes`;
  return `no request of either revision was seen in ${minutes}, though stable had some all the time before: the logs or metrics are late, or lost`;
}
