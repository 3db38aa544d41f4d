import type { Clock } from '../clock.ts';
import { ApiError } from '../protocol/errors.ts';

/** Limits how often a project's logs may be read. */
export type ReadQuota = {
  /** Counts a read. Throws a 429 when this minute's reads are used up. */
  take(): void;
};

const MINUTE_MS = 60_000;

/**
 * The quota of `entries.list`: 60 reads per minute and project, which cannot be raised
 * (https://cloud.google.com/logging/quotas). Minutes follow the emulator's clock.
 */
export function createReadQuota(clock: Clock, readsPerMinute: number, project: string): ReadQuota {
  let minute = Number.NaN;
  let taken = 0;
  return {
    take() {
      const current = Math.floor(clock.now() / MINUTE_MS);
      if (current !== minute) [minute, taken] = [current, 0];
      taken += 1;
      if (taken <= readsPerMinute) return;
      throw new ApiError(
        429,
        'RESOURCE_EXHAUSTED',
        `Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service 'logging.googleapis.com' for consumer 'projects/${project}'.`,
      );
    },
  };
}
