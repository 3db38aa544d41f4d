import {
  addStepSummary,
  checkoutSettings,
  findTargetCheckout,
  flag,
  grouped,
  performAction,
  readSettings,
  resolveProject,
  runScript,
  startLiveLine,
  stepSummarySetting,
  textWithDefault,
  type Usage,
  UserError,
} from '@deploy/cli';
import {
  accountOf,
  type CloudFacts,
  cloudSettings,
  connectTo,
  deployNoTraffic,
  lookAtService,
  openServiceApi,
  requireImage,
  requireImageAsLookedUp,
  requireLocation,
  sharesOf,
  skipMaintenanceCheckSetting,
  stableRevision,
} from '@deploy/cloudrun';
import { gateSettings, requirePassed, runGates, runWebShellBuild } from '@deploy/gates';
import { evidenceSettings, openEvidence } from '@deploy/report';
import { gatesMarkdown } from './gates/print.ts';
import { renderPreflight } from './preflight/print.ts';
import { annotateFindings, requireNoErrors, runPreflight } from './preflight/run.ts';
import { imageSetting, preflightSettings } from './preflight/settings.ts';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', 'openagents-control-service-staging', 'Cloud Run service'),
  image: imageSetting,
  skipVerify: flag('SKIP_VERIFY', 'leave the verification gates out'),
  skipPreflight: flag('SKIP_PREFLIGHT', 'leave the check of the preconditions out'),
  skipMaintenanceCheck: skipMaintenanceCheckSetting,
  ...preflightSettings,
  ...gateSettings,
  dryRun: flag('DRY_RUN', 'build and verify, but touch nothing in the cloud'),
  ...checkoutSettings,
  ...evidenceSettings,
  stepSummary: stepSummarySetting,
};

const usage: Usage = {
  script: 'scripts/deploy-staging.ts',
  purpose:
    'Checks the preconditions, builds the web shell, runs the verification gates, and deploys a revision that gets no traffic yet.',
  calls: [{ arguments: '', does: 'everything below' }],
  settings,
  examples: [
    'PROJECT=openagentsgemini IMAGE=us-central1-docker.pkg.dev/openagentsgemini/openagents-control-service/control:<tag> pnpm tsx scripts/deploy-staging.ts',
  ],
};

await runScript(usage, async ({ env, out }) => {
  const values = readSettings(env, settings);
  const location = requireLocation({ ...values, project: await resolveProject(values.project) });
  const image = requireGivenImage(values.image);
  const checkout = findTargetCheckout(values);
  const gates = { checkout, env, out };
  const connection = connectTo(values, env);

  out.data(`[staging] project=${location.project} region=${location.region} service=${location.service}`);
  const facts =
    values.skipPreflight || values.dryRun
      ? undefined
      : await grouped({ env, out }, 'preconditions', checkPreconditions);
  // A deployment that the preconditions refuse was none, and has no report.
  const evidence = await openEvidence({
    evidenceReport: values.evidenceReport,
    dryRun: values.dryRun,
    account: () => accountOf(connection),
    note: out.note,
    checkout,
    location,
    image,
  });
  const { domainMapping, digest, baseUrl } = facts ?? {};
  if (domainMapping !== undefined) await evidence.record({ kind: 'domainMappingSeen', ...domainMapping });
  if (digest !== undefined) await evidence.record({ kind: 'digestResolved', digest });
  if (baseUrl !== undefined) await evidence.record({ kind: 'reachedAt', baseUrls: [baseUrl] });
  out.data('[deploy] rust web-shell dist build');
  await evidence.step('web-shell build', async () => requirePassed(await runWebShellBuild(gates)));
  if (values.skipVerify) await evidence.record({ kind: 'gatesSkipped' });
  else {
    out.data('[deploy] verify rust control-service + rust web-shell');
    await evidence.step('gates', async () => {
      // The first failure ends it, as it always has: the answer that a deployment waits for is known by then.
      const run = await runGates({ ...gates, choices: values, stopAtFirst: true });
      await evidence.record({ kind: 'gatesRun', run });
      await addStepSummary(values.stepSummary, gatesMarkdown(run), out.note);
      requirePassed(run);
      if (run.leftOut.length > 0)
        out.note(`verified in part only: GATES leaves out ${run.leftOut.join(', ')}`);
    });
  }

  out.data(`[deploy] deploy no-traffic revision image=${image}`);
  const openApi = () => openServiceApi(connection, location);
  const run = { dryRun: values.dryRun, out };
  await evidence.step('deploy', async () => {
    const found = await performAction(lookAtService(openApi), run);
    if (!found.dryRun) {
      const { served, latestReadyRevision, url } = found.outcome;
      const shares = sharesOf(served, latestReadyRevision);
      await evidence.record({ kind: 'servingFound', shares, stable: stableRevision(shares) });
      await evidence.record({ kind: 'reachedAt', baseUrls: [url] });
      const tagUrls = served.flatMap((target) => target.url ?? []);
      await evidence.record({ kind: 'tagsReachedAt', baseUrls: tagUrls });
    }
    const deployed = await performAction(deployNoTraffic(openApi, location, image, values), run);
    if (deployed.dryRun) return;
    const { service, revision, traffic } = deployed.outcome;
    const stable = stableRevision(traffic);
    await evidence.record({ kind: 'deployed', deployment: deployed.outcome, stable });
    await requireImageAsLookedUp(connection, deployed.outcome, digest);
    const serving = traffic.map((share) => `${share.revision} ${share.percent} %`).join(', ');
    const deployment = `### Deployed without traffic\n\n\`${revision}\` of \`${service}\`, from \`${image}\`. Serving: ${serving}.\n`;
    await addStepSummary(values.stepSummary, deployment, out.note);
    out.data(
      `[deploy] done. ${deployed.outcome.revision} is ready without traffic. Next: shift traffic by the canary runbook ` +
        '(scripts/canary-rollout.ts set-traffic), then run scripts/smoke-health.ts and scripts/smoke-control.ts' +
        (baseUrl === undefined ? '' : ` with OPENAGENTS_BASE_URL=${baseUrl}`),
    );
  });
  return 0;

  async function checkPreconditions(): Promise<CloudFacts | undefined> {
    const live = await startLiveLine('checking the preconditions');
    const preflight = await runPreflight({
      connection,
      location,
      image,
      domain: values.stagingDomain,
      skipMaintenanceCheck: values.skipMaintenanceCheck,
      checkout,
      env,
      verify: !values.skipVerify,
      gates: values,
    }).finally(live.stop);
    out.note(await renderPreflight(preflight, values.preflightFormat, process.stderr));
    annotateFindings(preflight, { env, out });
    requireNoErrors(preflight, 'Nothing was deployed. SKIP_PREFLIGHT=1 leaves these checks out.');
    return preflight.facts;
  }
});

function requireGivenImage(image: string | undefined): string {
  if (image === undefined) {
    throw new UserError('IMAGE is unset', {
      hint: 'Set IMAGE=<registry>/<repository>/<image>:<tag>, the image to deploy.',
    });
  }
  requireImage(image, 'IMAGE');
  return image;
}
