import type { StageLook } from '@deploy/canary';
import { type Environment, type Secret, UserError } from '@deploy/cli';
import {
  decisiveFailure,
  isOutOfReach,
  runPostStageChecks,
  type SmokeOutcome,
  smokeFailure,
  whySkipped,
} from '@deploy/smoke';

/** How long a check of the candidate waits for an answer, and how often it retries. */
export const smokeLimits = { timeoutMs: 15_000, retries: 3 };

type SignIn = { readonly email: string; readonly code: Secret };

/**
 * Who signs in at the candidate; undefined if nobody does. Throws a UserError when only the address or only the code is
 * given.
 */
export function requireSignIn({
  signInEmail: email,
  signInCode: code,
}: {
  signInEmail: string | undefined;
  signInCode: Secret | undefined;
}): SignIn | undefined {
  if (email === undefined && code === undefined) return undefined;
  if (email !== undefined && code !== undefined) return { email, code };
  const [given, missing] = email === undefined ? ['CODE', 'EMAIL'] : ['EMAIL', 'CODE'];
  throw new UserError(`CANARY_SIGN_IN_${given} is set and CANARY_SIGN_IN_${missing} is not`, {
    hint: 'Signing in at the candidate needs both. Nothing was changed.',
  });
}

/** Returns a function that makes the runbook's checks at a candidate's URL and records each of them in the report. */
export function stageCheckerOf({
  env,
  accessToken,
  signIn,
  report,
}: {
  env: Environment;
  accessToken: Secret | undefined;
  signIn: SignIn | undefined;
  report(outcome: SmokeOutcome): void;
}) {
  return async (baseUrl: string, { isOneInstance }: { isOneInstance: boolean }): Promise<StageLook> => {
    const outcome = await runPostStageChecks({
      ...{ ...smokeLimits, baseUrl, env, script: 'canary-rollout' },
      ...{ accessToken, signIn, isOneInstance },
    });
    const why = whySkipped(outcome);
    if (why !== undefined) return { state: 'skipped', why };
    report(outcome);
    const failure = smokeFailure(outcome);
    if (failure === undefined) return { state: 'passed', checks: outcome.checks.map(({ id }) => id) };
    const hint = decisiveFailure(outcome)?.hint;
    return {
      ...{ state: 'failed', why: failure.message },
      ...(hint !== undefined && { hint }),
      isOutOfReach: isOutOfReach(outcome),
    };
  };
}
