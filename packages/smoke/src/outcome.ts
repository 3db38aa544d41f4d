/** How one check ended. What was asked is written `GET /readyz`; durations are in milliseconds. */
export type CheckResult =
  | {
      id: string;
      state: 'passed';
      request: string;
      status: number;
      durationMs: number;
      attempts: number;
      /** What a person should know although it passed. */
      note?: string;
    }
  | {
      id: string;
      state: 'failed';
      request: string;
      /** undefined when there was no answer. */
      status: number | undefined;
      durationMs: number;
      attempts: number;
      expected: string;
      got: string;
      /** The start of the answer's body. */
      bodyExcerpt: string | undefined;
      /** What is known to cause such a failure, and what to do. */
      hint: string | undefined;
    }
  | { id: string; state: 'skipped'; why: string };

export type FailedCheck = Extract<CheckResult, { state: 'failed' }>;

/** A run of smoke checks. Some checks only inform: the run passes without them. */
export type SmokeOutcome = {
  suite: 'health' | 'control';
  baseUrl: string;
  /** RFC 3339. */
  startedAt: string;
  durationMs: number;
  state: 'passed' | 'failed';
  checks: readonly CheckResult[];
  /** The checks that may fail without failing the run. */
  bestEffort: readonly string[];
};

/** The first check, in the suite's order, that fails the run. */
export function decisiveFailure({
  checks,
  bestEffort,
}: Pick<SmokeOutcome, 'checks' | 'bestEffort'>): FailedCheck | undefined {
  return checks.find((check) => check.state === 'failed' && !bestEffort.includes(check.id)) as
    | FailedCheck
    | undefined;
}
