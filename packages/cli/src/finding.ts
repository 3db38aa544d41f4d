/** The result of checking a precondition: an error blocks a deployment, a warning does not, a note only informs. */
export type FindingState = 'ok' | 'note' | 'warning' | 'error';

export type Finding = {
  /** The check's name in the runbook. */
  check: string;
  state: FindingState;
  /** What was found, in one line. */
  found: string;
  /** What to do about it. */
  advice?: string;
};
