import {
  checkoutSettings,
  flag,
  type Performed,
  performAction,
  readSettings,
  refuseUsage,
  requireRehearsalUrl,
  runScript,
  text,
  textWithDefault,
  type Usage,
} from '@deploy/cli';
import {
  accountOf,
  cloudSettings,
  connectTo,
  findLocation,
  type MaintenanceOutcome,
  openServiceApi,
  skipSpellingCheckSetting,
  stableRevision,
} from '@deploy/cloudrun';
import {
  checkMaintenanceValues,
  checkToken,
  checkWindow,
  describeMaintenance,
  disableMaintenance,
  enableMaintenance,
  maintenanceSettings,
  maintenanceStatus,
  maintenanceStatusYaml,
  prepareToken,
  withStoredToken,
} from '@deploy/cloudrun/maintenance';
import { evidenceSettings, joinEvidence } from '@deploy/report';
import { requireBaseUrl } from '@deploy/smoke';
import { afterChange } from './maintenance/after-change.ts';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', 'openagents-control-service', 'Cloud Run service'),
  dryRun: flag('DRY_RUN', 'print what would be done and change nothing'),
  skipSpellingCheck: skipSpellingCheckSetting,
  ...maintenanceSettings,
  moveTraffic: flag(
    'MAINTENANCE_MOVE_TRAFFIC',
    'allow `enable` or `disable` to move traffic that is pinned to revisions; `disable` does not need this to bring back the split that `enable` replaced',
  ),
  baseUrl: text(
    'OPENAGENTS_BASE_URL',
    'URL for verifying the window from outside; if unset, only the configuration is verified',
  ),
  ...checkoutSettings,
  ...evidenceSettings,
};

const usage: Usage = {
  script: 'scripts/maintenance-mode.ts',
  purpose:
    'Opens and closes a maintenance window of the control service: a maintenance page for the public, access for anyone who holds the bypass token.',
  calls: [
    { arguments: 'status', does: 'shows the state of the window, as YAML' },
    { arguments: 'enable', does: 'opens the window', changes: true },
    { arguments: 'disable', does: 'closes the window', changes: true },
  ],
  settings,
  examples: ['SERVICE=openagents-control-service-staging pnpm tsx scripts/maintenance-mode.ts status'],
};

await runScript(usage, async ({ argv, env, out, signal }) => {
  const [action] = argv;
  if (action !== 'status' && action !== 'enable' && action !== 'disable')
    return refuseUsage(usage, { argv, out });
  const values = readSettings(env, settings);
  const location = await findLocation(values, signal);
  const connection = connectTo(values, env, signal, out.note);
  const openApi = () => openServiceApi(connection, location);
  const run = { dryRun: values.dryRun, out };

  if (action === 'status') {
    const status = await performAction(maintenanceStatus(openApi, location), run);
    if (!status.dryRun) {
      // The summary comes first, because the YAML may be longer than a screen.
      out.note(describeMaintenance(status.outcome));
      out.data(maintenanceStatusYaml(status.outcome));
    }
    return 0;
  }

  // `disable` uses none of these values, so a wrong one must not stop it.
  const window = action === 'enable' ? checkMaintenanceValues(values) : undefined;
  const warning = window && values.token && checkToken(values.token);
  if (warning) out.note(`warning: ${warning}`);
  const baseUrl = values.baseUrl === undefined ? undefined : requireBaseUrl(values.baseUrl);
  if (baseUrl !== undefined) requireRehearsalUrl(values.emulatorHost, baseUrl, 'OPENAGENTS_BASE_URL');
  const account = () => accountOf(connection);
  // The public sees the maintenance page until the window is closed, so a report must not stand in the way.
  const isUrgent = action === 'disable';
  const evidence = await joinEvidence({ ...values, location, account, isUrgent, note: out.note });
  await evidence.step(`maintenance-mode ${action}`, async () => {
    const options = { moveTraffic: values.moveTraffic, rotated: values.token !== undefined };
    if (window === undefined) {
      await record(performAction(disableMaintenance(openApi, location, options), run));
      return;
    }
    await performAction(checkWindow(openApi, window, options), run);
    await prepareToken(connection, location, values, run);
    const enabled = performAction(enableMaintenance(openApi, location, window, options), run);
    await record(enabled.catch((error) => Promise.reject(withStoredToken(error, values))));
  });
  return 0;

  async function record(change: Promise<Performed<MaintenanceOutcome>>): Promise<void> {
    const changed = await change;
    if (changed.dryRun) return;
    const { outcome } = changed;
    await evidence.record({ kind: 'maintenanceChanged', outcome, stable: stableRevision(outcome.before) });
    await afterChange(outcome, { ...values, location, window, baseUrl }, { env, out, signal });
  }
});
