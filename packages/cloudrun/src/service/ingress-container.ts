import { UserError } from '@deploy/cli';
import type { Container, RevisionTemplate } from './template.ts';

/**
 * The container that receives the requests and so is the app: the only one, or else the first one that exposes a port,
 * even if others are listed before it. gcloud chooses the same (`container` in api_lib/run/container_resource.py).
 * Throws a UserError that names the containers if there are several and none exposes a port.
 */
export function ingressContainer(template: RevisionTemplate): Container {
  const found = findIngressContainer(template);
  if (found !== undefined) return found;
  const { containers = [] } = template;
  throw containers.length === 0
    ? new UserError('the service has no container')
    : new UserError(
        `cannot tell which container of the service receives the requests: none of ${containers.map(describe).join(', ')} exposes a port`,
        {
          hint: 'Give the one that runs the app a port: gcloud run services update … --container NAME --port 8080',
        },
      );
}

/** Like `ingressContainer`, but returns undefined instead of throwing. */
export function findIngressContainer({ containers = [] }: RevisionTemplate): Container | undefined {
  return containers.length === 1 ? containers[0] : containers.find(({ ports = [] }) => ports.length > 0);
}

export function withIngressContainer(
  template: RevisionTemplate,
  change: (container: Container) => Container,
): RevisionTemplate {
  const ingress = ingressContainer(template);
  const { containers = [] } = template;
  return { ...template, containers: containers.map((each) => (each === ingress ? change(each) : each)) };
}

function describe({ name, image }: Container, index: number): string {
  return name || image || `container ${index + 1}`;
}
