import { UserError } from '@deploy/cli';
import type { Unreadable } from '../observations/source.ts';

/** A call that fails for a temporary reason is tried once per poll, up to this many times in all. */
export const MOST_ATTEMPTS = 60;

/** Whether the same call may succeed later, because nothing was wrong with the call itself. */
export function isTemporary(error: UserError): boolean {
  return ['unauthenticated', 'unanswered', 'rate-limited', 'conflict'].includes(kindOf(error));
}

/** How the call behind this error failed, such as `conflict`; empty if no call failed. */
export function kindOf(error: UserError): string {
  const failed = 'kind' in error ? error : error.cause;
  return failed instanceof Error && 'kind' in failed ? String(failed.kind) : '';
}

/** Returns the error of a failed read instead of throwing it. */
export async function orFailure<T>(read: () => Promise<T>): Promise<T | UserError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** The error for a promotion that does not begin because the requests of its revisions cannot be read. */
export function cannotRead({ why, hint }: Pick<Unreadable, 'why' | 'hint'>): UserError {
  return new UserError(`the revisions' requests cannot be read, so nothing can be judged: ${why}`, {
    hint: hint ?? 'Nothing was changed.',
  });
}
