// The values of google.logging.type.LogSeverity in google/logging/type/log_severity.proto, lowest first.
const SEVERITIES = [
  'DEFAULT',
  'DEBUG',
  'INFO',
  'NOTICE',
  'WARNING',
  'ERROR',
  'CRITICAL',
  'ALERT',
  'EMERGENCY',
];

/** The rank of a severity, named in upper or lower case; -1 if there is no such severity. */
export function severityRank(name: string): number {
  return SEVERITIES.indexOf(name.toUpperCase());
}

export function isSeverity(name: string): boolean {
  return severityRank(name) >= 0;
}
