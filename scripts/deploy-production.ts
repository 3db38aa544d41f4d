import { readSettings, resolveProject, runScript, textWithDefault, type Usage } from '@deploy/cli';
import { cloudSettings, requireLocation } from '@deploy/cloudrun';
import { runDeployment } from './deploy/run.ts';
import { deploymentSettings } from './deploy/settings.ts';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', 'openagents-control-service', 'Cloud Run service'),
  ...deploymentSettings,
  domain: textWithDefault('PRODUCTION_DOMAIN', 'openagents.com', 'domain that should point to the service'),
};

const usage: Usage = {
  script: 'scripts/deploy-production.ts',
  purpose:
    'Checks the preconditions, builds the web shell, runs the verification gates, and deploys a revision to production that gets no traffic yet.',
  calls: [{ arguments: '', does: 'does all of this', changes: true }],
  settings,
  examples: ['PROJECT=openagentsgemini IMAGE=… pnpm tsx scripts/deploy-production.ts'],
};

await runScript(usage, async (program) => {
  const values = readSettings(program.env, settings);
  const location = requireLocation({
    ...values,
    project: await resolveProject(values.project, program.signal),
  });
  const next = ({ revision }: { revision: string }) =>
    `walk it to all the traffic: scripts/canary-rollout.ts promote ${revision}`;
  await runDeployment({ values, location, domain: values.domain, next }, program);
  return 0;
});
