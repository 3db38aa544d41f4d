import {
  flag,
  readSettings,
  resolveProject,
  runScript,
  textWithDefault,
  type Usage,
  UserError,
} from '@deploy/cli';
import { cloudSettings, requireLocation, type ServiceLocation, serviceCommand } from '@deploy/cloudrun';
import { productionDomainSetting } from '@deploy/preflight';
import { runDeployment } from './deploy/run.ts';
import { deploymentSettings } from './deploy/settings.ts';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', 'openagents-control-service', 'Cloud Run service'),
  ...deploymentSettings,
  skipServiceCheck: flag('SKIP_SERVICE_CHECK', 'deploy even to a SERVICE whose name ends with -staging'),
  domain: productionDomainSetting,
};

const usage: Usage = {
  script: 'scripts/deploy-production.ts',
  purpose:
    'Checks the preconditions, builds the web shell, runs the verification gates, and deploys a revision to production that gets no traffic yet.',
  calls: [{ arguments: '', does: 'runs all of these steps', changes: true }],
  settings,
  examples: ['PROJECT=openagentsgemini IMAGE=… pnpm tsx scripts/deploy-production.ts'],
};

await runScript(usage, async (program) => {
  const values = readSettings(program.env, settings);
  const location = requireLocation({
    ...values,
    project: await resolveProject(values.project, program.signal),
  });
  if (location.service.endsWith('-staging') && !values.skipServiceCheck)
    throw isStaging(location, values.image);
  const domain = { domain: values.domain, domainVariable: settings.domain.name };
  await runDeployment({ values, location, ...domain, kind: 'production' }, program);
  return 0;
});

/** SERVICE is often still exported from the rollout to staging. */
function isStaging(location: ServiceLocation, image: string | undefined): UserError {
  const production = { ...location, service: settings.service.defaultText ?? '' };
  const deploy = (at: ServiceLocation, script: string) => serviceCommand(at, script, [], [['IMAGE', image]]);
  return new UserError(
    `SERVICE is ${location.service}, a service of staging, and this deploys to production`,
    {
      hint: [
        'Nothing was changed. To deploy to production:',
        `  ${deploy(production, 'deploy-production')}`,
        'To deploy to staging:',
        `  ${deploy(location, 'deploy-staging')}`,
        'To deploy to this service all the same: SKIP_SERVICE_CHECK=1',
      ].join('\n'),
    },
  );
}
