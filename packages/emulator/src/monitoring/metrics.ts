/** The two metrics of Cloud Run that are supported: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run */
export const METRICS = {
  'run.googleapis.com/request_count': {
    valueType: 'INT64',
    unit: '1',
    displayName: 'Request Count',
    description: 'Number of requests that reached a revision.',
  },
  'run.googleapis.com/request_latencies': {
    valueType: 'DISTRIBUTION',
    unit: 'ms',
    displayName: 'Request Latency',
    description: 'How long requests took in a container, without its start.',
  },
} as const;

export type MetricType = keyof typeof METRICS;

export function isMetricType(type: string): type is MetricType {
  return Object.hasOwn(METRICS, type);
}

/**
 * The descriptor of a metric. Without `ingestDelaySeconds` it states no delay. It is not certain that the platform's
 * own descriptors state one.
 */
export function metricDescriptor(type: MetricType, project: string, ingestDelaySeconds: number | undefined) {
  return {
    name: `projects/${project}/metricDescriptors/${type}`,
    type,
    labels: [
      { key: 'response_code', description: 'The response code.' },
      { key: 'response_code_class', description: 'The class of the response code, such as 2xx.' },
    ],
    metricKind: 'DELTA',
    ...METRICS[type],
    metadata: {
      launchStage: 'GA',
      samplePeriod: '60s',
      ...(ingestDelaySeconds !== undefined && { ingestDelay: `${ingestDelaySeconds}s` }),
    },
    launchStage: 'GA',
    monitoredResourceTypes: ['cloud_run_revision'],
  };
}
