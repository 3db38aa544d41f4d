import { type Environment, type Output, type Secret, showNext } from '@deploy/cli';
import type { MaintenanceOutcome, ServiceLocation } from '@deploy/cloudrun';
import { afterWindow, type checkMaintenanceValues, verifyFromOutside } from '@deploy/cloudrun/maintenance';

export type ChangedWindow = {
  location: ServiceLocation;
  window: ReturnType<typeof checkMaintenanceValues> | undefined;
  baseUrl: string | undefined;
  token: Secret | undefined;
};

/** Verifies from outside, if a base URL is known, that a window is as requested. Then shows what to do next. */
export async function afterChange(
  outcome: MaintenanceOutcome,
  { location, window, baseUrl, token }: ChangedWindow,
  { env, out, signal }: { env: Environment; out: Output; signal: AbortSignal },
): Promise<void> {
  const { mode } = outcome;
  for (const note of outcome.notes) out.note(note);
  if (baseUrl === undefined) {
    out.note('verified: the serving configuration; set OPENAGENTS_BASE_URL to verify from outside as well');
  } else {
    await verifyFromOutside(baseUrl, mode, window?.allowedPaths ?? '', {
      env,
      signal,
      token: mode === 'on' ? token : undefined,
    });
    out.note(`verified from outside: ${baseUrl}`);
  }
  showNext({ out }, afterWindow(location, outcome, { window, baseUrl, isTokenGiven: token !== undefined }));
}
