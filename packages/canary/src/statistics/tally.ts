/** A number of requests, and how many of them failed. Some signals count errors as failed, others slow answers. */
export type Tally = { readonly failed: number; readonly requests: number };

export const noRequests: Tally = { failed: 0, requests: 0 };

export function sumTallies(a: Tally, b: Tally): Tally {
  return { failed: a.failed + b.failed, requests: a.requests + b.requests };
}

/** Whether at least this percentage of the requests failed. False if there are no requests. */
export function isRateAtLeast({ failed, requests }: Tally, percent: number): boolean {
  return requests > 0 && failed * 100 >= percent * requests;
}

/**
 * Whether the first rate is at least `times` the second. True if either has no requests, because its rate is then
 * unknown.
 */
export function isRateAtLeastTimes(rate: Tally, times: number, other: Tally): boolean {
  return rate.failed * other.requests >= times * other.failed * rate.requests;
}
