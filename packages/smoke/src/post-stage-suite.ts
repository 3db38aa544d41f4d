import { REDACTED, Secret } from '@deploy/cli';
import type { CheckContext } from './check.ts';
import {
  ASK_FOR_CODE,
  challengeOf,
  codeCheck,
  stageChecks,
  stageSession,
  tokenOf,
  VERIFY,
  verifyCheck,
} from './checks/post-stage.ts';
import { type Cookies, openCookies } from './cookies.ts';
import type { SmokeClient, SmokeClientOptions } from './http.ts';
import type { SmokeOutcome, SmokeResult } from './outcome.ts';
import { runAtOnce, runCheck, runSuite } from './suite.ts';

export type PostStageOptions = SmokeClientOptions & {
  accessToken: Secret | undefined;
  /** Whom to sign in at the service itself. If undefined, the access token is used. */
  signIn: { readonly email: string; readonly code: Secret } | undefined;
  /** Whether one instance of the revision answers all checks, as with session affinity. */
  isOneInstance: boolean;
};

/** Secrets that the service issues to a signed-in user: access and refresh tokens, challenges, sync tokens. */
const ISSUED = /\b(?:oa_(?:at|rt)|challenge)_\w+|\beyJ[\w-]+\.[\w-]+\.[\w-]+/g;

/** Why the post-stage checks were skipped. */
const NO_LOGIN = 'OPENAGENTS_CONTROL_ACCESS_TOKEN and CANARY_SIGN_IN_EMAIL are unset';
const ISSUED_ELSEWHERE =
  "the access token was not issued by this revision (401): sessions live in a revision's memory; in mock mode, CANARY_SIGN_IN_EMAIL and CANARY_SIGN_IN_CODE sign in at the revision itself";

const OTHER_INSTANCE =
  'some of them may have reached another instance than the one that knows the sign-in, for the candidate has no session affinity';

/**
 * Runs the checks that the runbook asks for after a stage, at one revision's URL: session, sync token, route split,
 * policy. Unless somebody is signed in at that revision, all of them are skipped, with the reason.
 */
export function runPostStageChecks({
  accessToken,
  signIn,
  isOneInstance,
  ...options
}: PostStageOptions): Promise<SmokeOutcome> {
  let cookies: Cookies | undefined;
  const context: CheckContext = {
    baseUrl: options.baseUrl,
    hasBypassToken: false,
    hide: (text) => (cookies?.hide(text) ?? text).replaceAll(ISSUED, REDACTED),
  };
  return runSuite(
    {
      name: 'post-stage',
      bestEffort: [],
      atOnce: stageChecks({}).length,
      async run(plainClient) {
        cookies = await openCookies(options.baseUrl);
        const client = keepingCookies(plainClient, cookies);
        const signedIn = signIn && (await signInAt(client, signIn, context));
        const token = signedIn === undefined ? accessToken : signedIn.token;
        const checked =
          token === undefined
            ? skipped(signedIn === undefined ? NO_LOGIN : 'signing in failed')
            : await check(client, token, context, signIn !== undefined);
        const made = [...(signedIn?.results ?? []), ...checked];
        return isOneInstance || !maySayOtherInstance(made) ? made : skipped(OTHER_INSTANCE);
      },
    },
    options,
    context,
  );
}

/** Why nothing could be checked; undefined when something was. */
export function whySkipped({ checks }: SmokeOutcome): string | undefined {
  const reasons = checks.map((result) => (result.state === 'skipped' ? result.why : undefined));
  return reasons.includes(undefined) ? undefined : reasons[0];
}

/**
 * Sends the cookies of earlier answers with each request, as a browser does. With session affinity, one of them keeps all
 * requests at one instance: no other instance knows of the sign-in.
 */
function keepingCookies(client: SmokeClient, cookies: Cookies): SmokeClient {
  return {
    ...client,
    async send(request) {
      const headers = { ...(await cookies.headerFor(request.path)), ...request.headers };
      const exchange = await client.send({ ...request, headers });
      if (exchange.answered) await cookies.store(exchange.answer.setCookies);
      return exchange;
    },
  };
}

/** Whether all that failed is what an instance says of a challenge or a session that another one issued. */
function maySayOtherInstance(made: readonly SmokeResult[]): boolean {
  const failed = made.filter((each) => each.state === 'failed');
  return (
    failed.length > 0 &&
    failed.every(
      ({ id, status }) => (id !== ASK_FOR_CODE && status === 401) || (id === VERIFY && status === 422),
    )
  );
}

async function signInAt(
  client: SmokeClient,
  { email, code }: NonNullable<PostStageOptions['signIn']>,
  context: CheckContext,
): Promise<{ results: SmokeResult[]; token: Secret | undefined }> {
  const asked = await runCheck(codeCheck(email), client, context);
  const challenge = asked.exchange.answered ? challengeOf(asked.exchange.answer) : undefined;
  if (asked.result.state !== 'passed' || challenge === undefined)
    return { results: [asked.result], token: undefined };
  const verified = await runCheck(verifyCheck(code.reveal(), challenge), client, context);
  const token = verified.exchange.answered ? tokenOf(verified.exchange.answer) : undefined;
  return {
    results: [asked.result, verified.result],
    token: verified.result.state === 'passed' && token !== undefined ? new Secret(token) : undefined,
  };
}

async function check(
  client: SmokeClient,
  token: Secret,
  context: CheckContext,
  isIssuedHere: boolean,
): Promise<SmokeResult[]> {
  const headers = { authorization: `Bearer ${token.reveal()}` };
  const { result } = await runCheck(stageSession(headers), client, context);
  if (result.state === 'failed') {
    if (result.status === 401 && !isIssuedHere) return skipped(ISSUED_ELSEWHERE);
    return [result, ...skipped('the session check failed').slice(1)];
  }
  const ran = await runAtOnce(stageChecks(headers), client, context);
  return [result, ...ran.map((each) => each.result)];
}

function skipped(why: string): SmokeResult[] {
  return [stageSession({}), ...stageChecks({})].map(({ id }) => ({ id, state: 'skipped', why }));
}
