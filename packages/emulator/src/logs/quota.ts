import type { Clock } from '../clock.ts';
import { ApiError } from '../protocol/errors.ts';

/** How often a project's logs may be read. */
export type ReadQuota = {
  /** Counts a read. Throws a 429 when this minute has no more left. */
  take(): void;
};

const MINUTE_MS = 60_000;

/**
 * The quota of `entries.list`: 60 reads a minute and project, which nobody can have raised
 * (https://cloud.google.com/logging/quotas). Minutes are those of the emulator's clock.
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
