import type { Guard } from './api/access.ts';
import type { Routes } from './api/call.ts';
import { loggingRoutes } from './api/logging.ts';
import { monitoringRoutes } from './api/monitoring.ts';
import type { Clock } from './clock.ts';
import { collect } from './logs/collector.ts';
import { parseFilter } from './logs/filter.ts';
import { createReadQuota } from './logs/quota.ts';
import { createLogStore, revisionResource } from './logs/store.ts';
import { createMetricStore } from './monitoring/store.ts';
import type { Ingress } from './network/front-end.ts';
import type { EmulatorOptions, LogEntrySeed, PastRequest } from './options.ts';
import type { ContainerOptions } from './service/containers.ts';
import { shortName } from './service/resources.ts';
import { createFaultyImage, type ImageFaults } from './traffic/image-faults.ts';
import { requestLogEntry } from './traffic/request-log.ts';

type ObservationOptions = Required<
  Pick<
    EmulatorOptions,
    'project' | 'region' | 'logEntries' | 'logs' | 'monitoring' | 'imageFaults' | 'reservedPaths' | 'tagLagMs'
  >
>;

/** Collects what front ends and containers report about the traffic; Logging and Monitoring read from it. */
export type Observation = {
  ingress: Ingress;
  onLine: ContainerOptions['onLine'];
  onSystem: ContainerOptions['onSystem'];
  /** Adds an entry that is readable at once. */
  log(entry: LogEntrySeed): void;
  /** Adds a past request to the logs and the metrics, dated when it happened. */
  recall(request: PastRequest): void;
  setFaults(image: string, faults: ImageFaults): void;
  routes(guard: Guard): Routes;
};

// Google does not document the buckets of request_latencies; its other latency metrics use these.
const BUCKETS = { numFiniteBuckets: 66, growthFactor: 1.4, scale: 1 };

export function createObservation(clock: Clock, options: ObservationOptions): Observation {
  const { delayMs: logDelayMs = 2000, readsPerMinute = 60, exclusions = [] } = options.logs;
  const { delayMs: metricDelayMs = 180_000, ingestDelay = true, buckets = BUCKETS } = options.monitoring;
  const excluded = exclusions.map(parseFilter);
  const logs = createLogStore({ ...options, clock, delayMs: logDelayMs, excluded }, options.logEntries);
  const metrics = createMetricStore({ ...options, clock, delayMs: metricDelayMs, buckets });
  const quota = createReadQuota(clock, readsPerMinute, options.project);
  const faulty = new Map(
    Object.entries(options.imageFaults).map(([image, faults]) => [image, createFaultyImage(faults)]),
  );
  return {
    ingress: {
      clock,
      reservedPaths: options.reservedPaths,
      tagLagMs: options.tagLagMs,
      faultsOf: (image) => faulty.get(image),
      onRouted(request) {
        logs.write(requestLogEntry(request, options));
        metrics.record(request);
      },
    },
    onLine({ name: revision, json }, stream, text) {
      const service = shortName(json.service);
      logs.write(collect({ service, revision, stream, text, at: clock.now() }, options));
    },
    onSystem({ name: revision, json }, severity, text) {
      const service = shortName(json.service);
      logs.write({
        logName: `projects/${options.project}/logs/run.googleapis.com%2Fvarlog%2Fsystem`,
        timestamp: new Date(clock.now()).toISOString(),
        severity,
        resource: revisionResource({ service, revision }, options),
        textPayload: text,
      });
    },
    log: logs.add,
    recall({ service, revision, startedAt, status = 200, latencyMs = 20, method = 'GET', path = '/login' }) {
      const endedAt = startedAt + latencyMs;
      const request = {
        ...{ service, revision, startedAt, endedAt, latencyMs, method, status },
        url: `https://${service}.example.com${path}`,
        ...{ requestBytes: 500, responseBytes: 2000, userAgent: 'Mozilla/5.0', referer: undefined },
        ...{ remoteIp: '192.0.2.1', protocol: 'HTTP/1.1', reachedContainer: true },
      };
      logs.recall(requestLogEntry(request, options), endedAt);
      metrics.record(request);
    },
    setFaults: (image, faults) => void faulty.set(image, createFaultyImage(faults)),
    routes: (guard) =>
      [
        ...loggingRoutes(logs, quota, guard),
        ...monitoringRoutes(metrics, guard, {
          buckets,
          ingestDelaySeconds: ingestDelay ? metricDelayMs / 1000 : undefined,
        }),
      ].map(({ handle, ...route }) => ({
        ...route,
        handle(call) {
          clock.looked();
          return handle(call);
        },
      })),
  };
}
