import {
  checkoutSettings,
  isWatched,
  ownCommand,
  readSettings,
  requireRehearsalUrl,
  runScript,
  showNext,
  startLiveLine,
  type Usage,
} from '@deploy/cli';
import { evidenceSettings, joinEvidenceByUrl, reportedBaseUrl } from '@deploy/report';
import { reportSmoke, requireBaseUrl, runHealthSmoke, smokeSettings } from '@deploy/smoke';
import { warnOfOtherService } from './smoke/service-meant.ts';

const settings = { ...smokeSettings, ...checkoutSettings, ...evidenceSettings };

const usage: Usage = {
  script: 'scripts/smoke-health.ts',
  purpose: 'Checks that a deployed control service says it is healthy and ready.',
  calls: [{ arguments: '', does: 'sends GET /healthz and GET /readyz' }],
  settings,
  examples: ['OPENAGENTS_BASE_URL=https://staging.openagents.com pnpm tsx scripts/smoke-health.ts'],
};

await runScript(usage, async ({ env, out, signal }) => {
  const values = readSettings(env, settings);
  const baseUrl = requireBaseUrl(values.baseUrl ?? (await reportedBaseUrl(values.evidenceReport)));
  requireRehearsalUrl(values.emulatorHost, baseUrl, 'OPENAGENTS_BASE_URL');
  const { timeoutSeconds, retries } = values;
  const evidence = await joinEvidenceByUrl({ ...values, baseUrl, note: out.note });
  const elsewhere = await warnOfOtherService(evidence.path, { ...values, baseUrl }, { out });
  const live = await startLiveLine(`checking ${baseUrl}`);
  const outcome = await runHealthSmoke({
    baseUrl,
    timeoutMs: timeoutSeconds * 1000,
    retries,
    script: 'smoke-health',
    env,
    signal,
  }).finally(live.stop);
  await evidence.record({ kind: 'smoked', outcome });
  await reportSmoke(outcome, { ...values, out });
  if (!isWatched(env)) return 0;
  const command = ownCommand('smoke-control', [], [['OPENAGENTS_BASE_URL', baseUrl]]);
  showNext({ out }, elsewhere ?? [{ says: 'next, to check everything else that it must do', command }]);
  return 0;
});
