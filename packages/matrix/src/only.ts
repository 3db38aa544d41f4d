import { cleanLine, UserError } from '@deploy/cli';
import { type CheckId, checkIds } from './outcome.ts';

/** The checks that MATRIX_ONLY names; all of them when it is unset. Throws a UserError for an unknown id. */
export function parseOnly(only: string | undefined): ReadonlySet<CheckId> {
  if (only === undefined) return new Set(checkIds);
  const words = only
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const wanted = checkIds.filter((id) => words.includes(id));
  const unknown = words.find((word) => !checkIds.some((id) => id === word));
  if (unknown === undefined && wanted.length > 0) return new Set(wanted);
  throw new UserError(
    unknown === undefined
      ? 'MATRIX_ONLY names no check'
      : `MATRIX_ONLY names "${cleanLine(unknown, 60)}", which is not a check`,
    { hint: `The checks are: ${checkIds.join(', ')}` },
  );
}
