import type { SmokeLook } from './events.ts';
import type { EarlierCandidate } from './moved-tag.ts';
import type { WalkRequest } from './request.ts';

/** Why the checks of a candidate failed, and what to do about it, if that is known. */
export type FailedChecks = {
  readonly why: string;
  readonly hint?: string;
  /** Whether neither the candidate nor the service can be reached from here, which says nothing about the candidate. */
  readonly isOutOfReach?: boolean;
};

export type CandidateChecks = {
  /**
   * Makes the smoke checks at the candidate and, if they pass, the checks that the runbook lists for the end of a
   * stage. Whatever fails is made a second time. Returns why it failed again, if it did.
   */
  beforeNextStep(percent: number): Promise<FailedChecks | undefined>;
  /**
   * Makes the smoke checks at the candidate of a promotion that is resumed, perhaps on another machine and long after it
   * was stopped. Returns why they failed twice, if they did.
   */
  beforeResuming(): Promise<FailedChecks | undefined>;
  /**
   * Makes the checks of `beforeNextStep` while the candidate has no traffic yet. Also warns if the builds of candidate
   * and stable cannot be told apart, or if the candidate refuses browsers that loaded their pages from stable.
   */
  beforeTraffic(): Promise<FailedChecks | undefined>;
  /** Makes the smoke checks at the service after a rollback. */
  afterRollback(): Promise<void>;
};

/**
 * Whether one instance of the candidate answers all checks: once it has traffic, and at first, while it has none. Another
 * instance would not know of the sign-in.
 */
type InstancesAtChecks = { readonly isOne: boolean; readonly isOneAtFirst: boolean };

/** The checks that a promotion makes itself: at the URL of the candidate's tag, and at that of the service. */
export function candidateChecks(
  request: WalkRequest,
  {
    instances,
    earlier,
    ...urls
  }: {
    candidate: string;
    service: string;
    instances: InstancesAtChecks;
    earlier: EarlierCandidate | undefined;
  },
): CandidateChecks {
  const { tell, signal } = request;
  let isSkipTold = false;

  return {
    beforeNextStep: (percent) => fairly(async () => (await smokeCandidate()) ?? checkStage(percent)),
    beforeResuming: () => fairly(smokeCandidate),
    async beforeTraffic() {
      const look = await smokeTwice('candidate');
      const served = await request.smoke(urls.service, 'service');
      const failed = look.passed ? await checkStage(0) : failureOf(look);
      if (failed === undefined) await warnOfBuilds(look, served);
      return failed;
    },
    async afterRollback() {
      await smokeTwice('service');
    },
  };

  async function smokeTwice(of: 'candidate' | 'service'): Promise<SmokeLook> {
    const url = urls[of];
    const first = await request.smoke(url, of);
    const look = first.passed ? first : await request.smoke(url, of);
    await tell({ kind: 'candidateSmoked', url, look, of });
    return look;
  }

  async function smokeCandidate(): Promise<FailedChecks | undefined> {
    const look = await smokeTwice('candidate');
    return look.passed ? undefined : failureOf(look);
  }

  /** Makes checks. If they do not reach the candidate, it is to blame only if the service can be reached. */
  async function fairly(check: () => Promise<FailedChecks | undefined>): Promise<FailedChecks | undefined> {
    const failed = await check();
    // After Ctrl-C, further checks would decide nothing.
    if (!failed?.isOutOfReach || signal.aborted) return failed;
    const service = await smokeTwice('service');
    if (service.isOutOfReach) return { hint: ELSEWHERE, ...failed };
    // The network may have come back only after the first check.
    const again = await check();
    return again && { ...again, isOutOfReach: false };
  }

  /**
   * Makes the checks that the runbook lists for the end of a stage. If they are skipped several times in a row, reports
   * that only once.
   */
  async function checkStage(percent: number): Promise<FailedChecks | undefined> {
    const isOneInstance = percent === 0 ? instances.isOneAtFirst : instances.isOne;
    const check = () => request.checkStage(urls.candidate, { isOneInstance });
    const first = await check();
    const look = first.state === 'failed' ? await check() : first;
    if (look.state !== 'skipped' || !isSkipTold) await tell({ kind: 'stageChecked', percent, look });
    isSkipTold = look.state === 'skipped';
    return look.state === 'failed' ? failureOf(look) : undefined;
  }

  async function warnOfBuilds(canary: SmokeLook, stable: SmokeLook): Promise<void> {
    const warning = buildWarning(canary, stable, earlier);
    if (warning !== undefined) await tell({ kind: 'promotionWarned', warning });
  }
}

const ELSEWHERE =
  "Check this machine's network and proxy settings, or go on from a machine that can reach the service.";

function failureOf({
  why = 'the smoke of the candidate failed',
  hint,
  isOutOfReach = false,
}: Pick<SmokeLook, 'why' | 'hint' | 'isOutOfReach'>): FailedChecks {
  return { why, ...(hint !== undefined && { hint }), isOutOfReach };
}

function buildWarning(
  canary: SmokeLook,
  stable: SmokeLook,
  earlier: EarlierCandidate | undefined,
): string | undefined {
  const unverified = 'so nothing shows that the candidate is the one that answers';
  if (canary.buildId === undefined) return `the candidate reports no buildId, ${unverified}`;
  if (canary.buildId === stable.buildId)
    return `candidate and stable have the same buildId, ${canary.buildId}, ${unverified}`;
  if (canary.buildId === earlier?.buildId)
    return `the candidate has the same buildId, ${canary.buildId}, as ${earlier.revision}, which had its tag until now, ${unverified}`;
  const oldest = canary.clients?.min;
  if (stable.buildId === undefined || oldest == null || stable.buildId >= oldest) return undefined;
  return `the candidate's build ${canary.buildId} accepts no clients older than ${oldest}, and stable's is ${stable.buildId}: pages of both builds break each other during the split`;
}
