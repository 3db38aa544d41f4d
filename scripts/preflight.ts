import {
  checkoutSettings,
  findTargetCheckout,
  flag,
  isWatched,
  readSettings,
  runScript,
  showNext,
  startLiveLine,
  type TargetCheckout,
  textWithDefault,
  type Usage,
  UserError,
} from '@deploy/cli';
import { cloudSettings, connectTo, findLocation, requireImage, serviceCommand } from '@deploy/cloudrun';
import { gateIds, gateSettings } from '@deploy/gates';
import {
  annotateFindings,
  imageSetting,
  preflightSettings,
  productionDomainSetting,
  renderPreflight,
  requireNoErrors,
  runPreflight,
} from '@deploy/preflight';
import { SERVICES } from './deploy/own-service.ts';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', SERVICES.staging, 'Cloud Run service'),
  image: imageSetting,
  stagingDomain: {
    ...preflightSettings.stagingDomain,
    meaning: `domain that should point to the service; if SERVICE is ${SERVICES.production}, PRODUCTION_DOMAIN is checked instead`,
  },
  productionDomain: {
    ...productionDomainSetting,
    meaning: `domain that should point to the service if SERVICE is ${SERVICES.production}`,
  },
  preflightFormat: preflightSettings.preflightFormat,
  skipVerify: flag('SKIP_VERIFY', 'do not check the tools of the verification gates'),
  dryRun: flag('DRY_RUN', 'check only what is on this machine'),
  ...checkoutSettings,
  ...gateSettings,
  selected: {
    ...gateSettings.selected,
    meaning: `gates whose tools are checked, separated by commas: ${gateIds.join(', ')} (default: all of them)`,
  },
  force: {
    ...gateSettings.force,
    meaning: 'expect every gate to run, whether or not its verdict is cached',
  },
};

const usage: Usage = {
  script: 'scripts/preflight.ts',
  purpose: 'Checks all preconditions of a deployment and changes nothing.',
  calls: [
    {
      arguments: '',
      does: 'checks the login, the image, the service, its domain, variables and secrets, and the tools on this machine; exits 1 if anything would block a deployment',
    },
  ],
  settings,
  examples: [
    'PROJECT=openagentsgemini IMAGE=… pnpm tsx scripts/preflight.ts',
    'PREFLIGHT_FORMAT=json IMAGE=… pnpm tsx scripts/preflight.ts | jq .findings',
  ],
};

await runScript(usage, async ({ env, out, signal }) => {
  const values = readSettings(env, settings);
  const location = await findLocation(values, signal);
  if (values.image !== undefined) requireImage(values.image, 'IMAGE');
  // Every other service counts as staging.
  const isProduction = location.service === SERVICES.production;
  const domain = isProduction
    ? { domain: values.productionDomain, domainVariable: settings.productionDomain.name }
    : { domain: values.stagingDomain, domainVariable: settings.stagingDomain.name };
  const live = await startLiveLine('checking the preconditions');
  const preflight = await runPreflight({
    connection: connectTo(values, env, signal),
    location,
    image: values.image,
    ...domain,
    checkout: checkoutOrWhyNot(),
    env,
    verify: !values.skipVerify,
    gates: values,
    dryRun: values.dryRun,
  }).finally(live.stop);
  out.data(await renderPreflight(preflight, values.preflightFormat, process.stdout));
  annotateFindings(preflight, { env, out });
  requireNoErrors(preflight, 'Each finding says how to fix it. Nothing was changed.');
  if (!isWatched(env) || values.dryRun) return 0;
  const script = isProduction ? 'deploy-production' : 'deploy-staging';
  const command = serviceCommand(location, script, [], [['IMAGE', values.image]]);
  showNext({ out }, [{ says: 'next, to deploy a revision without traffic', command }]);
  return 0;

  function checkoutOrWhyNot(): TargetCheckout | UserError {
    try {
      return findTargetCheckout(values);
    } catch (error) {
      if (error instanceof UserError) return error;
      throw error;
    }
  }
});
