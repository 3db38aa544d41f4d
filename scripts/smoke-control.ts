import { readSettings, runScript, type Usage } from '@deploy/cli';
import { controlSmokeSettings, reportSmoke, requireBaseUrl, runControlSmoke } from '@deploy/smoke';

const usage: Usage = {
  script: 'scripts/smoke-control.ts',
  purpose:
    'Checks what a deployed control service must do: readiness, status, cache policy, sessions and tokens.',
  calls: [{ arguments: '', does: 'all checks; those of sessions and tokens with an access token only' }],
  settings: controlSmokeSettings,
  examples: ['OPENAGENTS_BASE_URL=https://staging.openagents.com pnpm tsx scripts/smoke-control.ts'],
};

await runScript(usage, async ({ env, out }) => {
  const { baseUrl, timeoutSeconds, retries, accessToken, bypassToken, ...show } = readSettings(
    env,
    controlSmokeSettings,
  );
  const outcome = await runControlSmoke({
    baseUrl: requireBaseUrl(baseUrl),
    timeoutMs: timeoutSeconds * 1000,
    retries,
    accessToken,
    bypassToken,
  });
  await reportSmoke(outcome, { out, ...show });
  return 0;
});
