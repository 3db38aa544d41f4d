import {
  addStepSummary,
  findTargetCheckout,
  grouped,
  isWatched,
  type Program,
  performAction,
  type SettingsOf,
  showNext,
  startLiveLine,
  UserError,
} from '@deploy/cli';
import {
  accountOf,
  type cloudSettings,
  connectTo,
  deployNoTraffic,
  findLocation,
  lookAtService,
  nextSteps,
  openServiceApi,
  requireImage,
  requireImageAsLookedUp,
  requireRegistry,
  requireTag,
  servedShares,
  serviceCommand,
  whyNotCompared,
} from '@deploy/cloudrun';
import type { CloudFacts } from '@deploy/cloudrun/preflight';
import { gateIds, requirePassed, runGates, runWebShellBuild } from '@deploy/gates';
import {
  annotateFindings,
  gatesLeft,
  renderPreflight,
  requireNoErrors,
  runPreflight,
} from '@deploy/preflight';
import { openEvidence } from '@deploy/report';
import { gatesMarkdown, verdictLine } from '../gates/print.ts';
import { windowNotes } from './in-window.ts';
import { requireOwnService, type Stage } from './own-service.ts';
import { promotionGuard } from './promotion-guard.ts';
import type { deploymentSettings } from './settings.ts';

export type DeploymentRequest = {
  values: SettingsOf<typeof deploymentSettings & typeof cloudSettings> & {
    service: string;
    skipServiceCheck: boolean;
  };
  /** The domain that should point to the service. */
  domain: string;
  domainVariable: string;
  kind: Stage;
};

/**
 * A whole deployment: preconditions, web-shell build, gates, then a revision without traffic. Throws a UserError with a
 * gate's own exit code when a gate fails.
 */
export async function runDeployment(
  { values, domain, domainVariable, kind }: DeploymentRequest,
  { env, out, signal }: Pick<Program, 'env' | 'out' | 'signal'>,
): Promise<void> {
  const location = await findLocation(values, signal);
  if (!values.skipServiceCheck) requireOwnService(kind, location, values.image);
  const image = requireGivenImage(values.image);
  // As in the original shell scripts, a dry run accepts any image reference.
  if (!values.dryRun) requireRegistry(image, 'IMAGE');
  if (values.tag !== undefined) requireTag(values.tag, location.service, 'CANARY_TAG');
  const checkout = findTargetCheckout(values);
  const gates = { checkout, env, out, signal };
  const connection = connectTo(values, env, signal, out.note);

  if (kind === 'staging') {
    const { project, region, service } = location;
    out.data(`[staging] project=${project} region=${region} service=${service}`);
  }
  const facts =
    values.skipPreflight || values.dryRun
      ? undefined
      : await grouped({ env, out }, 'preconditions', checkPreconditions);
  const openApi = () => openServiceApi(connection, location);
  const permit = await promotionGuard(location, values);
  // After a preflight the service is known to exist, so a running promotion can be refused here, before the builds. The
  // deployment checks again.
  if (facts !== undefined) permit?.(await (await openApi()).read());
  // A deployment that fails its preconditions has not started, so it has no report.
  const evidence = await openEvidence({
    evidenceReport: values.evidenceReport,
    dryRun: values.dryRun,
    emulatorHost: values.emulatorHost,
    account: () => accountOf(connection),
    note: out.note,
    ...{ checkout, location, image, kind },
  });
  const { domainMapping, digest, serviceUrl } = facts ?? {};
  // A local Cloud Run has domain mappings too, but DNS leads the domain to the real service, so use the local service's
  // own URL.
  const baseUrl = values.emulatorHost === undefined ? facts?.baseUrl : serviceUrl;
  await evidence.record(
    ...(domainMapping === undefined ? [] : [{ kind: 'domainMappingSeen', ...domainMapping } as const]),
    ...(digest === undefined ? [] : [{ kind: 'digestResolved', digest } as const]),
    ...(baseUrl === undefined ? [] : [{ kind: 'reachedAt', baseUrls: [baseUrl] } as const]),
  );
  out.data('[deploy] rust web-shell dist build');
  await evidence.step('web-shell build', async () => requirePassed(await runWebShellBuild(gates)));
  if (values.skipVerify) await evidence.record({ kind: 'gatesSkipped' });
  else {
    out.data('[deploy] verify rust control-service + rust web-shell');
    await evidence.step('gates', async () => {
      // Stop at the first failure: after that, the deployment cannot go ahead.
      const run = await runGates({ ...gates, choices: values, stopAtFirst: true });
      await evidence.record({ kind: 'gatesRun', run });
      await addStepSummary(values.stepSummary, gatesMarkdown(run), out.note);
      if (isWatched(env)) for (const result of run.results) out.note(verdictLine(result));
      requirePassed(run);
      if (run.leftOut.length > 0)
        out.note(`verified in part only: GATES leaves out ${run.leftOut.join(', ')}`);
    });
  }

  out.data(`[deploy] deploy no-traffic revision image=${image}`);
  const run = { dryRun: values.dryRun, out };
  await evidence.step('deploy', async () => {
    const found = await performAction(lookAtService(openApi), run);
    if (!found.dryRun) {
      const { service, window, stable } = found.outcome;
      const { served, url } = service;
      const shares = servedShares(service);
      const isForAll = window?.percent === 100;
      const tagUrls = served.flatMap((target) => target.url ?? []);
      await evidence.record(
        { kind: 'servingFound', shares, stable, ...(isForAll && { window }) },
        ...(url === undefined ? [] : [{ kind: 'reachedAt', baseUrls: [url] } as const]),
        { kind: 'tagsReachedAt', baseUrls: tagUrls },
      );
    }
    const deployed = await performAction(
      deployNoTraffic(openApi, location, image, { ...values, permit }),
      run,
    );
    if (deployed.dryRun) {
      if (isWatched(env)) showUnchecked();
      return;
    }
    const { service, revision, traffic, stable } = deployed.outcome;
    await evidence.record({ kind: 'deployed', deployment: deployed.outcome, stable });
    await requireImageAsLookedUp(connection, deployed.outcome, digest);
    const uncompared = facts && whyNotCompared(deployed.outcome, digest);
    if (uncompared !== undefined) out.note(`warning: ${uncompared}`);
    const serving = traffic.map((share) => `${share.revision} ${share.percent} %`).join(', ');
    const deployment = `### Deployed without traffic\n\n\`${revision}\` of \`${service}\`, from \`${image}\`. Serving: ${serving}.\n`;
    await addStepSummary(values.stepSummary, deployment, out.note);
    const { window, isInMaintenance } = deployed.outcome;
    for (const line of windowNotes(deployed.outcome, Date.now())) out.note(line);
    const standing = { shares: traffic, stable, canary: revision, window };
    const first =
      window === undefined ? '' : 'close the maintenance window (scripts/maintenance-mode.ts disable), then ';
    const then = whatIsNext({ candidate: isInMaintenance ? undefined : revision, baseUrl });
    out.data(`[deploy] done. ${revision} is ready without traffic. Next: ${first}${then}`);
    // The last line on stdout says in words what is next. The commands for that follow on stderr.
    const steps = nextSteps(location, standing);
    showNext(
      { out },
      steps.map((step) => ({ ...step, says: step.says.replace(/^next, /, '') })),
    );
  });

  function showUnchecked(): void {
    const gatesRun = values.skipVerify ? 'no gates' : `the gates ${(values.selected ?? gateIds).join(', ')}`;
    out.note(`done: the web-shell build, and ${gatesRun}`);
    const command = serviceCommand(
      location,
      'preflight',
      [],
      [['IMAGE', image], ...(values.skipVerify ? [['SKIP_VERIFY', '1'] as const] : [])],
    );
    showNext({ out }, [
      {
        says: 'not done: the preconditions, because a dry run does not read the cloud; to check them',
        command,
      },
    ]);
  }

  async function checkPreconditions(): Promise<CloudFacts | undefined> {
    const live = await startLiveLine('checking the preconditions');
    const preflight = await runPreflight({
      connection,
      location,
      image,
      ...{ domain, domainVariable },
      skipMaintenanceCheck: values.skipMaintenanceCheck,
      checkout,
      env,
      verify: !values.skipVerify,
      gates: values,
    }).finally(live.stop);
    out.note(await renderPreflight(preflight, values.preflightFormat, process.stderr));
    annotateFindings(preflight, { env, out });
    requireNoErrors(preflight, waysOn(gatesLeft(preflight, values)));
    return preflight.facts;
  }
}

/**
 * The rest of the runbook, in one sentence, for the last line on stdout. `candidate` is the new revision, or undefined
 * when closing a maintenance window will replace it; `baseUrl` is the service's address, if known.
 */
function whatIsNext({ candidate, baseUrl }: Record<'candidate' | 'baseUrl', string | undefined>): string {
  const promote = ['scripts/canary-rollout.ts promote', ...(candidate === undefined ? [] : [candidate])].join(
    ' ',
  );
  const at = baseUrl === undefined ? '' : ` with OPENAGENTS_BASE_URL=${baseUrl}`;
  return `give it all the traffic step by step, by the canary runbook (${promote}), then run scripts/smoke-health.ts and scripts/smoke-control.ts${at}`;
}

/** What to do about a failed preflight, mildest remedy first. */
function waysOn(gates: readonly string[] | undefined): string {
  const some =
    gates === undefined ? '' : ` To run only the gates that have all they need: GATES=${gates.join(',')}`;
  return `Nothing was deployed. Each finding says how to fix it.${some}\nSKIP_PREFLIGHT=1 leaves these checks out.`;
}

function requireGivenImage(image: string | undefined): string {
  if (image === undefined) {
    throw new UserError('IMAGE is unset', {
      hint: 'Set IMAGE=<registry>/<repository>/<image>:<tag>, the image to deploy.',
    });
  }
  requireImage(image, 'IMAGE');
  return image;
}
