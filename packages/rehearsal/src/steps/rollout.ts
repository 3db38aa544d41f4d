import { domainMapping, type Emulator } from '@deploy/emulator';
import { lastPart } from '../serving.ts';
import { DOMAIN, NEW_IMAGE, SERVICE } from '../stage/staging.ts';
import type { Part, PlannedStep } from './parts.ts';
import type { Step } from './step.ts';

const BYPASS_TOKEN = 'rehearsal-bypass-0123456789abcdef';

/** The steps of a whole staging rollout, its rollback, and a maintenance window. */
export function rolloutSteps(emulator: Emulator): PlannedStep[] {
  const [stable = ''] = revisionNames(emulator);
  const canary = (): string => revisionNames(emulator)[0] ?? '';
  const shift = (percent: number, serves: string): Step => ({
    title: `Canary: ${percent} % to the new revision`,
    call: ['scripts/canary-rollout.ts', 'set-traffic', stable, canary(), String(percent)],
    serves,
  });
  const smoke = (title: string, more: Partial<Step> = {}): Step => ({
    title,
    env: { OPENAGENTS_BASE_URL: emulator.service(SERVICE).uri },
    call: ['scripts/smoke-control.ts'],
    ...more,
  });
  const window = (title: string, action: string, more: Partial<Step> = {}): Step => ({
    title,
    env: { MAINTENANCE_MOVE_TRAFFIC: '1', OPENAGENTS_BASE_URL: emulator.service(SERVICE).uri },
    call: ['scripts/maintenance-mode.ts', action],
    ...more,
  });
  const preflight = (title: string): Step => ({
    title,
    env: { IMAGE: NEW_IMAGE },
    call: ['scripts/preflight.ts'],
    serves: `${stable} 100 %`,
  });
  const of = (part: Part, ...steps: (() => Step)[]): PlannedStep[] => steps.map((step) => ({ part, step }));
  return [
    ...of(
      'preflight',
      () => preflight("Preflight: the domain's certificate is pending"),
      () => {
        emulator.mapDomain(domainMapping({ domain: DOMAIN, service: SERVICE }));
        return preflight('Preflight: the certificate is ready');
      },
    ),
    ...of('deploy', () => ({
      title: 'Deploy to staging: preconditions, build, gates, a revision without traffic',
      env: { IMAGE: NEW_IMAGE },
      call: ['scripts/deploy-staging.ts'],
      serves: `${stable} 100 %`,
    })),
    ...of('gates', () => ({
      title: 'The gates again, from the cache',
      call: ['scripts/gates.ts'],
    })),
    ...of('status', () => ({
      title: 'Status',
      call: ['scripts/canary-rollout.ts', 'status'],
      serves: `${stable} 100 %`,
    })),
    ...of(
      'canary',
      () => shift(5, `${stable} 95 %, ${canary()} 5 %`),
      () => shift(100, `${canary()} 100 %`),
    ),
    ...of(
      'smoke',
      () => ({ ...smoke('Smoke: health'), call: ['scripts/smoke-health.ts'] }),
      () => smoke('Smoke: the control service'),
    ),
    ...of('rollback', () => ({
      title: 'Rollback',
      call: ['scripts/canary-rollout.ts', 'rollback', stable],
      serves: `${stable} 100 %`,
    })),
    ...of(
      'maintenance',
      () =>
        window('Maintenance: open the window', 'enable', {
          secretEnv: { MAINTENANCE_BYPASS_TOKEN: BYPASS_TOKEN },
        }),
      () => smoke('Smoke without the bypass token: turned away', { exitCode: 1 }),
      () =>
        smoke('Smoke with the bypass token', {
          secretEnv: { OPENAGENTS_MAINTENANCE_BYPASS_TOKEN: BYPASS_TOKEN },
        }),
      () =>
        window('Maintenance: close the window, which restores the split', 'disable', {
          serves: `${stable} 100 %`,
        }),
      () => smoke('Smoke: open to everybody again'),
    ),
  ];
}

/** The revisions' names without their paths, newest first. */
function revisionNames(emulator: Emulator): string[] {
  return emulator.revisions(SERVICE).map(({ name }) => lastPart(name));
}
