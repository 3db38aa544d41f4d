import {
  checkoutSettings,
  isWatched,
  readSettings,
  requireRehearsalUrl,
  runScript,
  showNext,
  startLiveLine,
  type Usage,
} from '@deploy/cli';
import { evidenceSettings, joinEvidenceByUrl, reportedBaseUrl, reportedStanding } from '@deploy/report';
import { controlSmokeSettings, reportSmoke, requireBaseUrl, runControlSmoke } from '@deploy/smoke';
import { warnOfOtherService } from './smoke/service-meant.ts';

const settings = { ...controlSmokeSettings, ...checkoutSettings, ...evidenceSettings };

const usage: Usage = {
  script: 'scripts/smoke-control.ts',
  purpose:
    'Checks what a deployed control service must do: readiness, status, cache policy, sessions and tokens.',
  calls: [
    { arguments: '', does: 'runs all checks; sessions and tokens are only checked with an access token' },
  ],
  settings,
  examples: ['OPENAGENTS_BASE_URL=https://staging.openagents.com pnpm tsx scripts/smoke-control.ts'],
};

await runScript(usage, async ({ env, out, signal }) => {
  const values = readSettings(env, settings);
  const baseUrl = requireBaseUrl(values.baseUrl ?? (await reportedBaseUrl(values.evidenceReport)));
  requireRehearsalUrl(values.emulatorHost, baseUrl, 'OPENAGENTS_BASE_URL');
  const { timeoutSeconds, retries, accessToken, bypassToken } = values;
  const evidence = await joinEvidenceByUrl({ ...values, baseUrl, note: out.note });
  const elsewhere = await warnOfOtherService(evidence.path, { ...values, baseUrl }, { out });
  const live = await startLiveLine(`checking ${baseUrl}`);
  const outcome = await runControlSmoke({
    baseUrl,
    timeoutMs: timeoutSeconds * 1000,
    retries,
    script: 'smoke-control',
    env,
    signal,
    accessToken,
    bypassToken,
  }).finally(live.stop);
  await evidence.record({ kind: 'smoked', outcome });
  await reportSmoke(outcome, { ...values, out });
  if (!isWatched(env)) return 0;
  if (elsewhere !== undefined) {
    showNext({ out }, elsewhere);
    return 0;
  }
  const standing = await reportedStanding(evidence.path);
  if (standing === undefined) return 0;
  const { nextSteps } = await import('@deploy/cloudrun');
  showNext({ out }, nextSteps(standing.location, standing));
  return 0;
});
