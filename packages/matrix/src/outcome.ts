/** The checks, in the order of every table of them. */
export const checkIds = [
  'control-staging-health',
  'control-staging-smoke',
  'control-prod-health',
  'control-prod-smoke',
  'runtime-staging-smoke',
  'runtime-prod-smoke',
  'runtime-migration-drift',
  'khala-contract-tests',
  'cross-surface-contract-harness',
  'control-error-log-probe',
  'runtime-error-log-probe',
  'control-canary-status',
] as const;

export type CheckId = (typeof checkIds)[number];

/** What a check came to. */
export type Verdict = {
  passed: boolean;
  /** Why, in one sentence. */
  conclusion: string;
  /** What was counted, by name. */
  figures?: Readonly<Record<string, number>>;
};

type About = { id: CheckId; required: boolean; description: string };

/** How a check ended; `startedAt` is RFC 3339. */
export type CheckResult = About &
  (
    | {
        status: 'passed' | 'failed';
        conclusion: string;
        figures?: Readonly<Record<string, number>>;
        startedAt: string;
        durationMs: number;
        /** What reruns this check alone, from the root of the target checkout; secrets are not in it. */
        command: string;
      }
    | { status: 'skipped'; reason: string }
  );

/** A whole run. `startedAt` and `endedAt` are RFC 3339. */
export type MatrixOutcome = {
  startedAt: string;
  endedAt: string;
  /** Not the difference of the two: clocks are set. */
  durationMs: number;
  overall: 'passed' | 'failed';
  totals: Totals;
  /** What was checked: base URLs and names, in the order in which they are shown; null is unset. */
  environment: Readonly<Record<string, string | null>>;
  checks: readonly CheckResult[];
};

export type Totals = {
  checks: number;
  passed: number;
  requiredFailures: number;
  optionalFailures: number;
  requiredSkipped: number;
  optionalSkipped: number;
};

export function totalsOf(checks: readonly CheckResult[]): Totals {
  const count = (status: CheckResult['status'], required: boolean): number =>
    checks.filter((check) => check.status === status && check.required === required).length;
  return {
    checks: checks.length,
    passed: count('passed', true) + count('passed', false),
    requiredFailures: count('failed', true),
    optionalFailures: count('failed', false),
    requiredSkipped: count('skipped', true),
    optionalSkipped: count('skipped', false),
  };
}

/** A required check that was not made is as good as one that failed: nobody knows. */
export function overallOf({ requiredFailures, requiredSkipped }: Totals): MatrixOutcome['overall'] {
  return requiredFailures + requiredSkipped === 0 ? 'passed' : 'failed';
}

/** `[passed] control-prod-health (required)`: the line that callers read. */
export function resultLine({
  status,
  id,
  required,
}: Pick<CheckResult, 'status' | 'id' | 'required'>): string {
  return `[${status}] ${id} (${requiredWord(required)})`;
}

export function requiredWord(required: boolean): 'required' | 'optional' {
  return required ? 'required' : 'optional';
}

/** What a check came to, or why it was not made. */
export function explanationOf(check: CheckResult): string {
  return check.status === 'skipped' ? check.reason : check.conclusion;
}
