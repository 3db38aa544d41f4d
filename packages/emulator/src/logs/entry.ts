/** A log entry in proto3 JSON (google/logging/v2/log_entry.proto). */
export type LogEntryJson = {
  [key: string]: unknown;
  logName: string;
  insertId: string;
  timestamp: string;
  receiveTimestamp: string;
  severity: string;
  resource: { type: string; labels: Record<string, string> };
};

/** Whether an entry matches a filter of the query language. */
export type EntryFilter = (entry: LogEntryJson) => boolean;
