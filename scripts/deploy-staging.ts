import {
  checkoutSettings,
  findTargetCheckout,
  flag,
  performAction,
  readSettings,
  resolveProject,
  runScript,
  text,
  textWithDefault,
  type Usage,
  UserError,
} from '@deploy/cli';
import {
  accountOf,
  chooseIdentity,
  cloudSettings,
  deployNoTraffic,
  lookAtService,
  openServiceApi,
  requireImage,
  requireLocation,
  sharesOf,
} from '@deploy/cloudrun';
import { requirePassed, runGates, runWebShellBuild } from '@deploy/gates';
import { evidenceSettings, openEvidence } from '@deploy/report';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', 'openagents-control-service-staging', 'Cloud Run service'),
  image: text('IMAGE', 'image to deploy, with tag or digest (required)'),
  skipVerify: flag('SKIP_VERIFY', 'leave the verification gates out'),
  dryRun: flag('DRY_RUN', 'build and verify, but touch nothing in the cloud'),
  ...checkoutSettings,
  ...evidenceSettings,
};

const usage: Usage = {
  script: 'scripts/deploy-staging.ts',
  purpose:
    'Builds the web shell, runs the verification gates, and deploys a revision that gets no traffic yet.',
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
  const identity = chooseIdentity(values);
  const evidence = await openEvidence({
    evidenceReport: values.evidenceReport,
    dryRun: values.dryRun,
    account: () => accountOf(identity, values.credentialsFile),
    note: out.note,
    checkout,
    location,
    image,
  });

  out.data(`[staging] project=${location.project} region=${location.region} service=${location.service}`);
  out.data('[deploy] rust web-shell dist build');
  await evidence.step('web-shell build', async () => requirePassed(await runWebShellBuild(gates)));
  if (values.skipVerify) await evidence.gatesSkipped();
  else {
    out.data('[deploy] verify rust control-service + rust web-shell');
    await evidence.step('gates', async () => {
      const run = await runGates(gates);
      await evidence.gates(run);
      requirePassed(run);
    });
  }

  out.data(`[deploy] deploy no-traffic revision image=${image}`);
  const openApi = () => openServiceApi({ emulatorHost: values.emulatorHost, identity }, location);
  const run = { dryRun: values.dryRun, out };
  await evidence.step('deploy', async () => {
    const found = await performAction(lookAtService(openApi), run);
    if (!found.dryRun) {
      const { served, latestReadyRevision, url } = found.outcome;
      await evidence.foundServing(sharesOf(served, latestReadyRevision));
      await evidence.reachedAt(url, ...served.flatMap((target) => target.url ?? []));
    }
    const deployed = await performAction(deployNoTraffic(openApi, location, image), run);
    if (deployed.dryRun) return;
    await evidence.deployed(deployed.outcome);
    out.data(
      `[deploy] done. ${deployed.outcome.revision} is ready without traffic. Next: shift traffic by the canary runbook ` +
        '(scripts/canary-rollout.ts set-traffic), then run scripts/smoke-health.ts and scripts/smoke-control.ts',
    );
  });
  return 0;
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
