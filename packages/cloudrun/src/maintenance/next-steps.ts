import { gcloudCommand, type NextStep } from '@deploy/cli';
import { serviceCommand } from '../own-commands.ts';
import { smokeCommand, smokeSteps } from '../service/next-steps.ts';
import type { ServiceLocation } from '../service-location.ts';
import type { MaintenanceOutcome } from './outcome.ts';
import type { MaintenanceValues } from './values.ts';

/**
 * What to do after a window was opened or closed: how to get past the maintenance page, check the service and go on.
 */
export function afterWindow(
  at: ServiceLocation,
  { mode, url }: Pick<MaintenanceOutcome, 'mode' | 'url'>,
  {
    window,
    baseUrl = url,
    isTokenGiven,
  }: { window: MaintenanceValues | undefined; baseUrl: string | undefined; isTokenGiven: boolean },
): NextStep[] {
  if (mode === 'off' || window === undefined) {
    const status = serviceCommand(at, 'canary-rollout', ['status']);
    return [...smokeSteps(baseUrl), { says: 'to see how the service stands', command: status }];
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
          {
            says: 'next, to check through the window',
            command: `OPENAGENTS_MAINTENANCE_BYPASS_TOKEN=${token} ${smokeCommand(baseUrl)}`,
          },
        ]),
    { says: 'then, to close the window', command: serviceCommand(at, 'maintenance-mode', ['disable']) },
  ];
}
