import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { LogEntrySeed } from '../options.ts';

/** A log entry in proto3 JSON, as google/logging/v2/log_entry.proto has it. */
export type LogEntryJson = {
  [key: string]: unknown;
  logName: string;
  insertId: string;
  timestamp: string;
  receiveTimestamp: string;
  severity: string;
  resource: { type: string; labels: Record<string, string> };
};

export type NewEntry = Omit<LogEntryJson, 'insertId' | 'receiveTimestamp'>;

export type LogStore = {
  /** An entry that can be read at once. */
  add(seed: LogEntrySeed): void;
  /** An entry from before the emulator was started: it can be read at once. */
  recall(entry: NewEntry, receivedAt: number): void;
  /** An entry of the running platform: it can be read once the delay has passed. */
  write(entry: NewEntry): void;
  /** What can be read by now. */
  readable(): readonly LogEntryJson[];
};

export type LogPlace = { project: string; region: string };

export type LogStoreOptions = LogPlace & {
  clock: Clock;
  /** How long what was written takes to become readable, in milliseconds of the clock. */
  delayMs: number;
};

// A long rehearsal under load must not use the memory up; the oldest entries go first.
const MOST_ENTRIES = 200_000;

/** The logs of one project: of its services' containers, and of the requests to them. */
export function createLogStore(options: LogStoreOptions, seeds: readonly LogEntrySeed[]): LogStore {
  const { project, clock, delayMs } = options;
  let entries: { entry: LogEntryJson; readableAt: number }[] = [];
  let count = 0;
  const keep = (entry: NewEntry, readableAt: number, receiveTimestamp: string): void => {
    const insertId = String(count++).padStart(16, '0');
    entries.push({ entry: { ...entry, insertId, receiveTimestamp } as LogEntryJson, readableAt });
    if (entries.length > MOST_ENTRIES * 1.1) entries = entries.slice(-MOST_ENTRIES);
  };
  const add = (seed: LogEntrySeed): void => {
    const { service, severity = 'ERROR', timestamp = new Date(clock.now()).toISOString(), payload } = seed;
    const revision = seed.revision ?? `${service}-00001-abc`;
    const entry: NewEntry = {
      logName: `projects/${project}/logs/run.googleapis.com%2Fstderr`,
      timestamp,
      severity,
      resource: revisionResource({ service, revision }, options),
      ...(typeof payload === 'string' ? { textPayload: payload } : { jsonPayload: payload }),
    };
    keep(entry, Number.NEGATIVE_INFINITY, timestamp);
  };
  for (const seed of seeds) add(seed);
  return {
    add,
    recall(entry, receivedAt) {
      keep(entry, Number.NEGATIVE_INFINITY, new Date(receivedAt).toISOString());
    },
    write(entry) {
      const readableAt = clock.now() + delayMs;
      keep(entry, readableAt, new Date(readableAt).toISOString());
    },
    readable() {
      const now = clock.now();
      return entries.flatMap(({ entry, readableAt }) => (readableAt <= now ? [entry] : []));
    },
  };
}

/** The monitored resource that a revision's entries and time series belong to. */
export function revisionResource(
  { service, revision }: { service: string; revision: string },
  { project, region }: LogPlace,
): LogEntryJson['resource'] {
  return {
    type: 'cloud_run_revision',
    labels: {
      project_id: project,
      location: region,
      service_name: service,
      configuration_name: service,
      revision_name: revision,
    },
  };
}

export function randomHex(digits: number): string {
  return randomBytes(digits / 2).toString('hex');
}
