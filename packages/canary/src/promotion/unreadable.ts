import { UserError } from '@deploy/cli';
import type { Unreadable } from '../observations/source.ts';

/** Why a promotion that cannot read its revisions' requests does not begin. */
export function cannotRead({ why, hint }: Pick<Unreadable, 'why' | 'hint'>): UserError {
  return new UserError(`the revisions' requests cannot be read, so nothing can be judged:  ${why}`, {
    hint: hint ?? 'Nothing was changed.',
  });
}
