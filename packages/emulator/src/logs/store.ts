import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { LogEntrySeed } from '../options.ts';
import type { EntryFilter, LogEntryJson } from './entry.ts';

export type NewEntry = Omit<LogEntryJson, 'insertId' | 'receiveTimestamp'>;

export type LogStore = {
  /** Adds an entry that is readable at once. */
  add(seed: LogEntrySeed): void;
  /** Adds an entry from before the emulator started, readable at once. */
  recall(entry: NewEntry, receivedAt: number): void;
  /** Adds an entry that the running platform writes. It is readable only after the delay (`delayMs`). */
  write(entry: NewEntry): void;
  /** The entries that are readable by now. */
  readable(): readonly LogEntryJson[];
};

export type LogPlace = { project: string; region: string };

export type LogStoreOptions = LogPlace & {
  clock: Clock;
  /** How long it takes until a new entry is readable, in milliseconds of the emulator's clock. */
  delayMs: number;
  /** Entries that match one of these are not kept. */
  excluded: readonly EntryFilter[];
};

// When there are more, the oldest entries are dropped, so that a long rehearsal under load does not use up the memory.
const MOST_ENTRIES = 200_000;

/** The logs of one project: what its services' containers write, and the requests that its services get. */
export function createLogStore(options: LogStoreOptions, seeds: readonly LogEntrySeed[]): LogStore {
  const { project, clock, delayMs, excluded } = options;
  let entries: { entry: LogEntryJson; readableAt: number }[] = [];
  let count = 0;
  const keep = (entry: NewEntry, readableAt: number, receiveTimestamp: string): void => {
    const insertId = String(count++).padStart(16, '0');
    const whole = { ...entry, insertId, receiveTimestamp } as LogEntryJson;
    if (excluded.some((matches) => matches(whole))) return;
    entries.push({ entry: whole, readableAt });
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

/** The monitored resource of a revision's log entries and time series. */
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
