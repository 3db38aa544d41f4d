import { UserError } from '@deploy/cli';
import { type ServiceLocation, serviceCommand } from '@deploy/cloudrun';

export type Stage = 'staging' | 'production';

export const SERVICES: Readonly<Record<Stage, string>> = {
  staging: 'openagents-control-service-staging',
  production: 'openagents-control-service',
};

/**
 * Throws a UserError for a service of the other stage, because SERVICE is often still set from a rollout to that stage.
 */
export function requireOwnService(here: Stage, location: ServiceLocation, image: string | undefined): void {
  const { service } = location;
  const isOther = here === 'production' ? service.endsWith('-staging') : service === SERVICES.production;
  if (!isOther) return;
  const there = here === 'production' ? 'staging' : 'production';
  const deploy = (to: Stage, name: string) =>
    serviceCommand({ ...location, service: name }, `deploy-${to}`, [], [['IMAGE', image]]);
  throw new UserError(`SERVICE is ${service}, a service of ${there}, and this deploys to ${here}`, {
    hint: [
      `Nothing was changed. To deploy to ${here}:`,
      `  ${deploy(here, SERVICES[here])}`,
      `To deploy to ${there}:`,
      `  ${deploy(there, service)}`,
      'To deploy to this service all the same: SKIP_SERVICE_CHECK=1',
    ].join('\n'),
  });
}
