/** What a check of a precondition came to: an error stops a deployment, a warning does not, a note is for information. */
export type FindingState = 'ok' | 'note' | 'warning' | 'error';

export type Finding = {
  /** The check's name, as the runbook or the report has it. */
  check: string;
  state: FindingState;
  /** What was found, in one line. */
  found: string;
  /** What to do about it. */
  advice?: string;
};
