import { cleanLine, errorMessage, UserError } from '@deploy/cli';

const WAY_OUT =
  'set EVIDENCE_REPORT=<file> to write elsewhere, or EVIDENCE_REPORT=none to go without evidence';

/**
 * Stops a command that cannot write its evidence, before it changes anything: throws a UserError. An error that
 * indicates a bug is rethrown as is.
 */
export function refuseWithoutEvidence(path: string, cause: unknown): never {
  const isSystemError = cause instanceof Error && 'code' in cause;
  if (!isSystemError && !(cause instanceof UserError)) throw cause;
  const first =
    cause instanceof UserError && cause.hint !== undefined ? `${cause.hint} Or ` : 'Fix that, or ';
  throw new UserError(`cannot write the evidence report ${path}: ${cleanLine(errorMessage(cause), 300)}`, {
    hint: `${first}${WAY_OUT}. Nothing was changed.`,
    cause,
  });
}
