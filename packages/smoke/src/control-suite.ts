import type { Secret } from '@deploy/cli';
import type { Check, CheckContext } from './check.ts';
import { checksOf, controlBestEffort, controlChecks, type SuiteInputs, waves } from './control-checks.ts';
import { type Cookies, openCookies } from './cookies.ts';
import type { SmokeClient, SmokeClientOptions } from './http.ts';
import { decisiveFailure, type SmokeOutcome, type SmokeResult } from './outcome.ts';
import { runCheck, runSuite } from './suite.ts';

type ControlSmokeOptions = SmokeClientOptions & {
  accessToken: Secret | undefined;
  bypassToken: Secret | undefined;
};

/**
 * Checks the control service: its readiness, its status, and the web shell's files with their cache headers. With an
 * access token, also checks the session and token routes. Requests go out in up to three waves; the results keep the
 * order of `controlChecks`.
 */
export function runControlSmoke({
  accessToken,
  bypassToken,
  ...options
}: ControlSmokeOptions): Promise<SmokeOutcome> {
  const authorization = accessToken && { authorization: `Bearer ${accessToken.reveal()}` };
  const inputs: SuiteInputs = { bypassToken, authorization, manifest: undefined };
  let cookies: Cookies | undefined;
  const context: CheckContext = {
    baseUrl: options.baseUrl,
    hasBypassToken: bypassToken !== undefined,
    hasMaintenanceModeToken: Boolean(options.env.MAINTENANCE_BYPASS_TOKEN),
    isBypassTokenEmpty: options.env.OPENAGENTS_MAINTENANCE_BYPASS_TOKEN === '',
    hide: (text) => cookies?.hide(text) ?? text,
  };
  return runSuite(
    {
      name: 'control',
      bestEffort: controlBestEffort,
      atOnce: checksOf('main', inputs).checks.length,
      async run(client) {
        if (bypassToken !== undefined) cookies = await openCookies(options.baseUrl);
        return runWaves(client, { inputs, context, cookies });
      },
    },
    options,
    context,
  );
}

async function runWaves(
  client: SmokeClient,
  { inputs, context, cookies }: { inputs: SuiteInputs; context: CheckContext; cookies: Cookies | undefined },
): Promise<SmokeResult[]> {
  const run = async (check: Check) =>
    runCheck(check, client, context, await cookies?.headerFor(check.request.path));
  const results: SmokeResult[] = [];
  for (const wave of waves) {
    const { checks, skipped } = checksOf(wave, inputs);
    results.push(...skipped.map(([id, why]): SmokeResult => ({ id, state: 'skipped', why })));
    if (decisiveFailure({ checks: results, bestEffort: controlBestEffort }) !== undefined) {
      // A failure before the main wave is one of the entry wave, which gets past the maintenance window. Every other
      // answer would be the maintenance page, so leave out all later waves.
      if (wave === 'main') break;
      const why = 'a check before it failed';
      results.push(...checks.map(({ id }): SmokeResult => ({ id, state: 'skipped', why })));
      continue;
    }
    for (const { result, exchange } of await Promise.all(checks.map(run))) {
      results.push(result);
      if (!exchange.answered) continue;
      // The answer to the bypass request is a redirect. Its cookie gets the other requests past the maintenance window.
      if (wave === 'entry') await cookies?.store(exchange.answer.setCookies);
      if (result.id === 'manifest') inputs.manifest = exchange.answer;
    }
  }
  return controlChecks.flatMap(({ id }) => results.find((result) => result.id === id) ?? []);
}
