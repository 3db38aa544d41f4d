/** How many of how many requests failed: answered with an error, or too slowly, whatever the signal counts. */
export type Tally = { readonly failed: number; readonly requests: number };

export const noRequests: Tally = { failed: 0, requests: 0 };

export function sumTallies(a: Tally, b: Tally): Tally {
  return { failed: a.failed + b.failed, requests: a.requests + b.requests };
}

/** Whether at least so many percent failed. Of no requests, none did. */
export function isRateAtLeast({ failed, requests }: Tally, percent: number): boolean {
  return requests > 0 && failed * 100 >= percent * requests;
}

/** Whether the first rate is at least `times` the second one. True where the second one is not known. */
export function isRateAtLeastTimes(rate: Tally, times: number, other: Tally): boolean {
  return rate.failed * other.requests >= times * other.failed * rate.requests;
}
