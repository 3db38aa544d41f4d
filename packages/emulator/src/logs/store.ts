import type { LogEntrySeed } from '../options.ts';

/** A log entry in proto3 JSON, as google/logging/v2/log_entry.proto has it. */
export type LogEntryJson = {
  [key: string]: unknown;
  logName: string;
  insertId: string;
  timestamp: string;
  severity: string;
  resource: { type: string; labels: Record<string, string> };
};

export type LogStore = {
  add(seed: LogEntrySeed): void;
  all(): readonly LogEntryJson[];
};

export type LogPlace = { project: string; region: string };

/** The logs of one project, as its services' containers wrote them. */
export function createLogStore({ project, region }: LogPlace, seeds: readonly LogEntrySeed[]): LogStore {
  const entries: LogEntryJson[] = [];
  const add = (seed: LogEntrySeed): void => {
    const { service, severity = 'ERROR', timestamp = new Date().toISOString(), payload } = seed;
    entries.push({
      logName: `projects/${project}/logs/run.googleapis.com%2Fstderr`,
      insertId: String(entries.length).padStart(16, '0'),
      timestamp,
      receiveTimestamp: timestamp,
      severity,
      resource: {
        type: 'cloud_run_revision',
        labels: {
          project_id: project,
          location: region,
          service_name: service,
          configuration_name: service,
          revision_name: seed.revision ?? `${service}-00001-abc`,
        },
      },
      ...(typeof payload === 'string' ? { textPayload: payload } : { jsonPayload: payload }),
    });
  };
  for (const seed of seeds) add(seed);
  return { add, all: () => entries };
}
