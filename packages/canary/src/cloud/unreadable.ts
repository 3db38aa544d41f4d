import { UserError } from '@deploy/cli';
import { CloudError } from '@deploy/cloudrun';
import type { Unreadable } from '../observations/source.ts';

/** Does what reads from the cloud; a failed call, or a login that is not there any more, becomes a reading that says so. */
export async function orUnreadable<T>(read: () => Promise<T>): Promise<T | Unreadable> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return {
      state: 'unreadable',
      // What is for the user and comes from no call comes from the login.
      kind: error instanceof CloudError ? error.kind : 'unauthenticated',
      why: error.message,
      ...(error.hint !== undefined && { hint: error.hint }),
    };
  }
}
