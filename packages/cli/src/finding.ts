/** The result of checking a precondition. An error blocks a deployment, a warning does not, and a note is only information. */
export type FindingState = 'ok' | 'note' | 'warning' | 'error';

export type Finding = {
  /** The check's name in the runbook. */
  check: string;
  state: FindingState;
  /** What was found, in one line. */
  found: string;
  /** What to do about it. */
  advice?: string;
  /** The gates that it keeps from running. */
  blocks?: readonly string[];
};
