import { UserError } from '@deploy/cli';
import { CloudError } from '@deploy/cloudrun';
import type { Unreadable } from '../observations/source.ts';

/** Reads from the cloud. A failed call, or a login that is no longer valid, becomes a reading that says so. */
export async function orUnreadable<T>(read: () => Promise<T>): Promise<T | Unreadable> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      state: 'unreadable',
      // A UserError that does not come from a call comes from the login.
      kind: error instanceof CloudError ? error.kind : 'unauthenticated',
      why: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
    };
  }
}
