/** How one check ended. `request` reads like `GET /readyz`; durations are in milliseconds. */
export type SmokeResult =
  | {
      id: string;
      state: 'passed';
      request: string;
      status: number;
      durationMs: number;
      attempts: number;
      /** Something a person should know although the check passed. */
      note?: string;
    }
  | {
      id: string;
      state: 'failed';
      request: string;
      /** Undefined when there was no answer. */
      status: number | undefined;
      durationMs: number;
      attempts: number;
      expected: string;
      got: string;
      /** The start of the answer's body. */
      bodyExcerpt: string | undefined;
      /** The likely cause of the failure, if it is a known one, and what to do. */
      hint: string | undefined;
      /** Whether the request did not get to the service: nobody answered, or something in front of it did. */
      isOutOfReach?: boolean;
    }
  | { id: string; state: 'skipped'; why: string };

export type FailedSmokeResult = Extract<SmokeResult, { state: 'failed' }>;

export type SmokeOutcome = {
  suite: 'health' | 'control' | 'post-stage';
  baseUrl: string;
  /** RFC 3339. */
  startedAt: string;
  durationMs: number;
  state: 'passed' | 'failed';
  checks: readonly SmokeResult[];
  /** The checks that may fail without failing the run. */
  bestEffort: readonly string[];
};

/** The first check, in the suite's order, that fails the run. */
export function decisiveFailure({
  checks,
  bestEffort,
}: Pick<SmokeOutcome, 'checks' | 'bestEffort'>): FailedSmokeResult | undefined {
  return checks.find((check) => check.state === 'failed' && !bestEffort.includes(check.id)) as
    | FailedSmokeResult
    | undefined;
}

/** Whether not one request of the run got to the service, so that nothing is known about it. */
export function isOutOfReach({ checks }: Pick<SmokeOutcome, 'checks'>): boolean {
  const made = checks.filter(({ state }) => state !== 'skipped');
  return made.length > 0 && made.every((check) => check.state === 'failed' && check.isOutOfReach === true);
}
