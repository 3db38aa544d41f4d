import { setTimeout as pause } from 'node:timers/promises';
import { interruptible } from '@deploy/cli';
import { CloudError } from './cloud-error.ts';

/** What to do when the calls of this minute are used up. */
export type QuotaPatience = {
  /** How long to wait, from the first call that was still refused after the usual attempts. */
  readonly ms: number;
  /** Called once for each call that waits. */
  tell(why: string): void;
};

// Cloud Run counts calls per minute, so a used-up quota is there again within one: https://cloud.google.com/run/quotas
const PATIENCE_MS = 65_000;
const PAUSE_MS = 5_000;

/** The patience of a script whose user would rather wait a minute than start it again. Says once what it waits for. */
export function patience(note: (line: string) => void): QuotaPatience {
  let isTold = false;
  return {
    ms: PATIENCE_MS,
    tell(why) {
      if (!isTold) note(`${why}: waiting for up to a minute, until the quota is renewed`);
      isTold = true;
    },
  };
}

/**
 * Returns a function to call after each failure of a call. It pauses and returns true if the call should be made again,
 * because a quota per minute is used up.
 */
export function quotaWait({
  quota,
  signal,
}: {
  quota?: QuotaPatience | undefined;
  signal?: AbortSignal | undefined;
}): (error: unknown) => Promise<boolean> {
  let until: number | undefined;
  return async (error) => {
    if (quota === undefined || !isPerMinute(error)) return false;
    if (until === undefined) quota.tell(error.message);
    until ??= performance.now() + quota.ms;
    if (performance.now() >= until) return false;
    await interruptible(signal, () => pause(PAUSE_MS));
    return true;
  };
}

/** A quota per day is not worth waiting for. */
function isPerMinute(error: unknown): error is CloudError {
  return error instanceof CloudError && error.kind === 'rate-limited' && !/\bper day\b/i.test(error.message);
}
