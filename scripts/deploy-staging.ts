import { flag, readSettings, runScript, textWithDefault, type Usage } from '@deploy/cli';
import { cloudSettings } from '@deploy/cloudrun';
import { preflightSettings } from '@deploy/preflight';
import { SERVICES } from './deploy/own-service.ts';
import { runDeployment } from './deploy/run.ts';
import { deploymentSettings } from './deploy/settings.ts';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', SERVICES.staging, 'Cloud Run service'),
  ...deploymentSettings,
  skipServiceCheck: flag('SKIP_SERVICE_CHECK', 'deploy even if SERVICE is the production service'),
  ...preflightSettings,
};

const usage: Usage = {
  script: 'scripts/deploy-staging.ts',
  purpose:
    'Checks the preconditions, builds the web shell, runs the verification gates, and deploys a revision without traffic.',
  calls: [{ arguments: '', does: 'runs all of these steps', changes: true }],
  settings,
  examples: ['PROJECT=openagentsgemini IMAGE=… pnpm tsx scripts/deploy-staging.ts'],
};

await runScript(usage, async (program) => {
  const values = readSettings(program.env, settings);
  const domain = { domain: values.stagingDomain, domainVariable: settings.stagingDomain.name };
  await runDeployment({ values, ...domain, kind: 'staging' }, program);
  return 0;
});
