import { checkoutSettings, isWatched, readSettings, runScript, showNext, type Usage } from '@deploy/cli';
import { evidenceSettings, reportedStanding } from '@deploy/report';
import { controlSmokeSettings, runControlSmoke } from '@deploy/smoke';
import { smoke } from './smoke/run.ts';

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

await runScript(usage, async (program) => {
  const { env, out } = program;
  const values = readSettings(env, settings);
  const { accessToken, bypassToken } = values;
  const { report, elsewhere } = await smoke(
    values,
    (options) => runControlSmoke({ ...options, script: 'smoke-control', accessToken, bypassToken }),
    program,
  );
  if (!isWatched(env)) return 0;
  if (elsewhere !== undefined) {
    showNext({ out }, elsewhere);
    return 0;
  }
  const standing = await reportedStanding(report);
  if (standing === undefined) return 0;
  const { nextSteps } = await import('@deploy/cloudrun');
  showNext({ out }, nextSteps(standing.location, standing));
  return 0;
});
