/** What the check of a precondition found. An error blocks a deployment, a warning does not; a note only informs. */
type FindingState = 'ok' | 'note' | 'warning' | 'error';

export type Finding = {
  /** The check's name in the runbook. */
  check: string;
  state: FindingState;
  /** What was found, in one line. */
  found: string;
  /** What to do about the finding. If there is a `command`, the advice says what the command does. */
  advice?: string;
  /** A command line to paste. */
  command?: string;
  /** The gates that cannot run because of this finding. */
  blocks?: readonly string[];
};

type Make = (found: string, advice?: string, command?: string) => Finding;

/** Functions that make the findings of one check, one function per state. */
export function findingsOf(check: string): Readonly<Record<FindingState, Make>> {
  const make =
    (state: FindingState): Make =>
    (found, advice, command) => ({
      check,
      state,
      found,
      ...(advice !== undefined && { advice }),
      ...(command !== undefined && { command }),
    });
  return { ok: make('ok'), note: make('note'), warning: make('warning'), error: make('error') };
}

/** What to do about a finding, on one line. */
export function adviceLine({ advice, command }: Finding): string | undefined {
  if (advice === undefined || command === undefined) return advice ?? command;
  return `${advice}: ${command}`;
}
