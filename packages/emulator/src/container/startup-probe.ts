import type { ContainerJson } from '../service/resources.ts';

// https://cloud.google.com/run/docs/configuring/healthchecks: TCP, 240 s, one failure, unless the container has its own.
const DEFAULT = { initialDelaySeconds: 0, periodSeconds: 240, failureThreshold: 1 };
const OWN = { initialDelaySeconds: 0, periodSeconds: 10, failureThreshold: 3 };

/** How long a container has to answer its startup probe, in milliseconds. */
export function startupTimeMs({ startupProbe }: ContainerJson): number {
  const given = typeof startupProbe === 'object' && startupProbe !== null ? startupProbe : undefined;
  const { initialDelaySeconds, periodSeconds, failureThreshold } =
    given === undefined ? DEFAULT : { ...OWN, ...(given as Partial<typeof OWN>) };
  return (initialDelaySeconds + periodSeconds * failureThreshold) * 1000;
}
