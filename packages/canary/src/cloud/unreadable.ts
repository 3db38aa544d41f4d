import { UserError } from '@deploy/cli';
import { CloudError } from '@deploy/cloudrun';
import type { Unreadable } from '../observations/source.ts';

/** Reads from the cloud. If a call fails, or the login is no longer valid, returns why instead of throwing. */
export async function orUnreadable<T>(read: () => Promise<T>): Promise<T | Unreadable> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      state: 'unreadable',
      // A UserError that is not a CloudError means that Google was never asked, for instance because of an unusable proxy.
      kind: error instanceof CloudError ? error.kind : 'unauthenticated',
      why: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
    };
  }
}
