import { gcloudCommand, type NextStep, ownCommand } from '@deploy/cli';
import { serviceCommand } from '../own-commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { MaintenanceOutcome } from './outcome.ts';
import type { MaintenanceValues } from './values.ts';

/** What to do after a window was opened or closed: how a person gets in, how to check, how to go on. */
export function afterWindow(
  at: ServiceLocation,
  { mode, url }: Pick<MaintenanceOutcome, 'mode' | 'url'>,
  {
    window,
    baseUrl = url,
    isTokenGiven,
  }: { window: MaintenanceValues | undefined; baseUrl: string | undefined; isTokenGiven: boolean },
): NextStep[] {
  const smoke =
    baseUrl === undefined ? undefined : ownCommand('smoke-control', [], [['OPENAGENTS_BASE_URL', baseUrl]]);
  if (mode === 'off' || window === undefined) {
    const status = serviceCommand(at, 'canary-rollout', ['status']);
    return [
      ...(smoke === undefined ? [] : [{ says: 'next, to check what serves', command: smoke }]),
      { says: 'to see how the service stands', command: status },
    ];
  }
  const stored = gcloudCommand(
    `gcloud secrets versions access latest --secret=${window.secretName} --project=${at.project}`,
  );
  const token = isTokenGiven ? '"$MAINTENANCE_BYPASS_TOKEN"' : `"$(${stored})"`;
  return [
    ...(baseUrl === undefined
      ? []
      : [
          {
            says: `with a browser: ${baseUrl}/?maintenance_bypass=<token> sets a cookie that lets you in for ${window.cookieTtlSeconds} s; to see the token`,
            command: stored,
          },
        ]),
    ...(smoke === undefined
      ? []
      : [
          {
            says: 'next, to check through the window',
            command: `OPENAGENTS_MAINTENANCE_BYPASS_TOKEN=${token} ${smoke}`,
          },
        ]),
    { says: 'then, to close the window', command: serviceCommand(at, 'maintenance-mode', ['disable']) },
  ];
}
