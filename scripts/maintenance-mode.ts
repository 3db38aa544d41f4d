import {
  checkoutSettings,
  flag,
  performAction,
  readSettings,
  refuseUsage,
  requireRehearsalUrl,
  resolveProject,
  runScript,
  tellIfInterrupted,
  text,
  textWithDefault,
  type Usage,
  UserError,
} from '@deploy/cli';
import {
  accountOf,
  addSecretVersion,
  checkMaintenanceValues,
  checkToken,
  cloudSettings,
  connectTo,
  createSecret,
  isSecretMissing,
  loadMaintenance,
  maintenanceSettings,
  openSecretApi,
  openServiceApi,
  requireEnabledVersion,
  requireLocation,
  stableRevision,
} from '@deploy/cloudrun';
import { evidenceSettings, joinEvidence } from '@deploy/report';
import { requireBaseUrl } from '@deploy/smoke';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', 'openagents-control-service', 'Cloud Run service'),
  dryRun: flag('DRY_RUN', 'print what would be done, touch nothing'),
  ...maintenanceSettings,
  moveTraffic: flag(
    'MAINTENANCE_MOVE_TRAFFIC',
    'when traffic is pinned to revisions, move it; disable moves it back',
  ),
  baseUrl: text(
    'OPENAGENTS_BASE_URL',
    'URL to verify the window from outside; unset: only the configuration is verified',
  ),
  ...checkoutSettings,
  ...evidenceSettings,
};

const usage: Usage = {
  script: 'scripts/maintenance-mode.ts',
  purpose:
    'Opens and closes a maintenance window of the control service: a page for the public, a way in for who has the token.',
  calls: [
    { arguments: 'status', does: 'how the window stands, as YAML' },
    { arguments: 'enable', does: 'opens it' },
    { arguments: 'disable', does: 'closes it' },
  ],
  settings,
  examples: ['SERVICE=openagents-control-service-staging pnpm tsx scripts/maintenance-mode.ts status'],
};

await runScript(usage, async ({ argv, env, out }) => {
  const [action] = argv;
  if (action !== 'status' && action !== 'enable' && action !== 'disable')
    return refuseUsage(usage, { argv, out });
  const maintenance = await loadMaintenance();
  const values = readSettings(env, settings);
  const location = requireLocation({ ...values, project: await resolveProject(values.project) });
  const connection = connectTo(values, env);
  const openApi = () => openServiceApi(connection, location);
  const openSecrets = () => openSecretApi(connection, location);
  const run = { dryRun: values.dryRun, out };

  if (action === 'status') {
    const status = await performAction(maintenance.maintenanceStatus(openApi, location), run);
    if (!status.dryRun) {
      out.data(maintenance.maintenanceStatusYaml(status.outcome));
      out.note(maintenance.describeMaintenance(status.outcome));
    }
    return 0;
  }

  // Closing a window uses none of them, and is not to fail over one.
  const window = action === 'enable' ? checkMaintenanceValues(values) : undefined;
  const warning = window && values.token && checkToken(values.token);
  if (warning) out.note(`warning: ${warning}`);
  const baseUrl = values.baseUrl === undefined ? undefined : requireBaseUrl(values.baseUrl);
  if (baseUrl !== undefined) requireRehearsalUrl(values.emulatorHost, baseUrl, 'OPENAGENTS_BASE_URL');
  const tokenIsStored = `The new token is already stored, as the latest version of secret ${values.secretName}; stored once more when this is run again, it harms nothing.`;
  const account = () => accountOf(connection);
  const evidence = await joinEvidence({ ...values, location, account, note: out.note });
  await evidence.step(`maintenance-mode ${action}`, async () => {
    const options = { moveTraffic: values.moveTraffic, rotated: values.token !== undefined };
    if (window !== undefined) await performAction(maintenance.checkWindow(openApi, window, options), run);
    const storing = {
      message: 'while the new token was being stored',
      hint: `Whether secret ${values.secretName} has it is unknown; stored once more when this is run again, it harms nothing.`,
      lasting: true,
    };
    using _ = window && values.token && !values.dryRun ? tellIfInterrupted(storing) : undefined;
    if (window !== undefined) await prepareToken();
    storing.message = 'after the new token was stored';
    storing.hint = tokenIsStored;
    const change =
      window !== undefined
        ? maintenance.enableMaintenance(openApi, location, window, options)
        : maintenance.disableMaintenance(openApi, location, options);
    const changed = await performAction(change, run).catch(withStoredToken);
    if (changed.dryRun) return;
    const { outcome } = changed;
    await evidence.record({ kind: 'maintenanceChanged', outcome, stable: stableRevision(outcome.before) });
    for (const note of outcome.notes) out.note(note);
    await verify(outcome.mode);
  });
  return 0;

  async function verify(mode: 'on' | 'off'): Promise<void> {
    if (baseUrl === undefined) {
      out.note(
        'verified: the configuration that serves; set OPENAGENTS_BASE_URL to verify from outside as well',
      );
      return;
    }
    await maintenance.verifyFromOutside(baseUrl, mode, window?.allowedPaths ?? '', {
      env,
      token: mode === 'on' ? values.token : undefined,
    });
    out.note(`verified from outside: ${baseUrl}`);
  }

  /** What was stored before the window could not be changed must not go unsaid. */
  function withStoredToken(error: unknown): never {
    if (values.token === undefined || action !== 'enable' || !(error instanceof UserError)) throw error;
    throw new UserError(error.message, {
      hint: [error.hint, tokenIsStored].filter((part) => part !== undefined).join(' '),
      exitCode: error.exitCode,
      cause: error,
    });
  }

  /** Sees to it that the secret holds a token before anything of the service is changed. */
  async function prepareToken(): Promise<void> {
    const { token, secretName } = values;
    if (token === undefined) {
      await performAction(requireEnabledVersion(openSecrets, secretName), run);
      return;
    }
    const missing = await performAction(isSecretMissing(openSecrets, secretName), run);
    if (!missing.dryRun && missing.outcome) {
      await performAction(createSecret(openSecrets, location.project, secretName), run);
    }
    await performAction(addSecretVersion(openSecrets, location.project, secretName, token), run);
  }
});
