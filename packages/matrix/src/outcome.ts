/** The checks, in the order in which they are shown. */
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

/** What a check found. */
export type Judgement = {
  passed: boolean;
  /** Why the check passed or failed, in one sentence. */
  conclusion: string;
  figures?: Readonly<Record<string, number>>;
};

type About = { id: CheckId; required: boolean; description: string };

/** How a check ended; `startedAt` is RFC 3339. */
export type MatrixResult = About &
  (
    | {
        status: 'passed' | 'failed';
        conclusion: string;
        figures?: Readonly<Record<string, number>>;
        startedAt: string;
        durationMs: number;
        /** The command that reruns this check alone, from the root of the target checkout; it holds no secrets. */
        command: string;
      }
    | { status: 'skipped'; reason: string }
  );

/** A whole run. `startedAt` and `endedAt` are RFC 3339. */
export type MatrixOutcome = {
  startedAt: string;
  endedAt: string;
  /** Measured with a monotonic clock, because someone may set the system clock during a run. */
  durationMs: number;
  overall: 'passed' | 'failed';
  totals: Totals;
  /** The base URLs and names that were checked, in display order; null means unset. */
  environment: Readonly<Record<string, string | null>>;
  checks: readonly MatrixResult[];
};

export type Totals = {
  checks: number;
  passed: number;
  requiredFailures: number;
  optionalFailures: number;
  requiredSkipped: number;
  optionalSkipped: number;
};

export function totalsOf(checks: readonly MatrixResult[]): Totals {
  const count = (status: MatrixResult['status'], required: boolean): number =>
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

/** A required check that did not run counts as failed: nobody knows its result. */
export function overallOf({ requiredFailures, requiredSkipped }: Totals): MatrixOutcome['overall'] {
  return requiredFailures + requiredSkipped === 0 ? 'passed' : 'failed';
}

/** `[passed] control-prod-health (required)`: the line that callers read. */
export function resultLine({
  status,
  id,
  required,
}: Pick<MatrixResult, 'status' | 'id' | 'required'>): string {
  return `[${status}] ${id} (${requiredWord(required)})`;
}

export function requiredWord(required: boolean): 'required' | 'optional' {
  return required ? 'required' : 'optional';
}

/** What a check found, or why it was skipped. */
export function explanationOf(check: MatrixResult): string {
  return check.status === 'skipped' ? check.reason : check.conclusion;
}
