import {
  checkoutSettings,
  isWatched,
  ownCommand,
  readSettings,
  runScript,
  showNext,
  type Usage,
} from '@deploy/cli';
import { evidenceSettings } from '@deploy/report';
import { runHealthSmoke, smokeSettings } from '@deploy/smoke';
import { smoke } from './smoke/run.ts';

const settings = { ...smokeSettings, ...checkoutSettings, ...evidenceSettings };

const usage: Usage = {
  script: 'scripts/smoke-health.ts',
  purpose: 'Checks that a deployed control service says it is healthy and ready.',
  calls: [{ arguments: '', does: 'sends GET /healthz and GET /readyz' }],
  settings,
  examples: ['OPENAGENTS_BASE_URL=https://staging.openagents.com pnpm tsx scripts/smoke-health.ts'],
};

await runScript(usage, async (program) => {
  const { env, out } = program;
  const { baseUrl, elsewhere } = await smoke(
    readSettings(env, settings),
    (options) => runHealthSmoke({ ...options, script: 'smoke-health' }),
    program,
  );
  if (!isWatched(env)) return 0;
  const command = ownCommand('smoke-control', [], [['OPENAGENTS_BASE_URL', baseUrl]]);
  showNext({ out }, elsewhere ?? [{ says: 'next, to check everything else that it must do', command }]);
  return 0;
});
