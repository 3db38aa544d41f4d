import { flag, readSettings, runScript, textWithDefault, type Usage } from '@deploy/cli';
import { cloudSettings } from '@deploy/cloudrun';
import { productionDomainSetting } from '@deploy/preflight';
import { SERVICES } from './deploy/own-service.ts';
import { runDeployment } from './deploy/run.ts';
import { deploymentSettings } from './deploy/settings.ts';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', SERVICES.production, 'Cloud Run service'),
  ...deploymentSettings,
  skipServiceCheck: flag('SKIP_SERVICE_CHECK', 'deploy even to a SERVICE whose name ends with -staging'),
  domain: productionDomainSetting,
};

const usage: Usage = {
  script: 'scripts/deploy-production.ts',
  purpose:
    'Checks the preconditions, builds the web shell, runs the verification gates, and deploys a revision without traffic to production.',
  calls: [{ arguments: '', does: 'runs all of these steps', changes: true }],
  settings,
  examples: ['PROJECT=openagentsgemini IMAGE=… pnpm tsx scripts/deploy-production.ts'],
};

await runScript(usage, async (program) => {
  const values = readSettings(program.env, settings);
  const domain = { domain: values.domain, domainVariable: settings.domain.name };
  await runDeployment({ values, ...domain, kind: 'production' }, program);
  return 0;
});
