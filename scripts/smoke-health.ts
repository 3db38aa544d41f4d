import { readSettings, runScript, type Usage } from '@deploy/cli';
import { reportSmoke, requireBaseUrl, runHealthSmoke, smokeSettings } from '@deploy/smoke';

const usage: Usage = {
  script: 'scripts/smoke-health.ts',
  purpose: 'Checks that a deployed control service says it is healthy and ready.',
  calls: [{ arguments: '', does: 'GET /healthz and GET /readyz' }],
  settings: smokeSettings,
  examples: ['OPENAGENTS_BASE_URL=https://staging.openagents.com pnpm tsx scripts/smoke-health.ts'],
};

await runScript(usage, async ({ env, out }) => {
  const { baseUrl, timeoutSeconds, retries, ...show } = readSettings(env, smokeSettings);
  const outcome = await runHealthSmoke({
    baseUrl: requireBaseUrl(baseUrl),
    timeoutMs: timeoutSeconds * 1000,
    retries,
  });
  await reportSmoke(outcome, { out, ...show });
  return 0;
});
