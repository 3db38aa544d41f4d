import { UserError } from '@deploy/cli';
import type { Unreadable } from '../observations/source.ts';

/** For how many polls to keep trying what fails temporarily. */
export const MOST_ATTEMPTS = 60;

/** Whether the same change may work later, because nothing was wrong with the change itself. */
export function isPassing(error: UserError): boolean {
  return ['unauthenticated', 'unanswered', 'rate-limited', 'conflict'].includes(kindOf(error));
}

/** The kind of the call that failed; empty if none did. */
export function kindOf(error: UserError): string {
  const failed = 'kind' in error ? error : error.cause;
  return failed instanceof Error && 'kind' in failed ? String(failed.kind) : '';
}

/** What was read, or why it could not be. */
export async function orFailure<T>(read: () => Promise<T>): Promise<T | UserError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** Why a promotion that cannot read its revisions' requests does not begin. */
export function cannotRead({ why, hint }: Pick<Unreadable, 'why' | 'hint'>): UserError {
  return new UserError(`the revisions' requests cannot be read, so nothing can be judged:  ${why}`, {
    hint: hint ?? 'Nothing was changed.',
  });
}
