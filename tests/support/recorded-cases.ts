import { type Emulator, type RecordedKnativeService, startEmulator } from '@deploy/emulator';
import { recordedServices } from './staging.ts';

export const BYPASS_SECRET = 'bypass';

/** The values of a maintenance window. */
export const WINDOW = {
  cookieName: 'cookie',
  cookieTtlSeconds: 900,
  allowedPaths: '/readyz',
  secretName: BYPASS_SECRET,
};

/**
 * The recorded services, those with a sidecar once more with it first; `ingress` is the place of the app's container.
 */
export const recordedCases = recordedServices.flatMap((service) => {
  const { containers = [] } = service.spec.template.spec ?? {};
  const ingress = containers.findIndex(({ ports }) => Array.isArray(ports));
  const asRecorded = { title: service.metadata.name, service, ingress };
  if (containers.length === 1) return [asRecorded];
  const turned = structuredClone(service);
  turned.spec.template.spec?.containers?.reverse();
  const place = containers.length - 1 - ingress;
  return [asRecorded, { title: `${service.metadata.name}, turned round`, service: turned, ingress: place }];
});

/** A local Cloud Run that has taken over the service as it was recorded. */
export function adopt(service: RecordedKnativeService): Promise<Emulator> {
  return startEmulator({
    reconcileMs: 10,
    services: [{ knative: service }],
    secrets: { [BYPASS_SECRET]: 'sesame-0123456789abcdef' },
  });
}
