const UNITS_MINUTES: Readonly<Record<string, number>> = { s: 1 / 60, sec: 1 / 60, min: 1, h: 60, hour: 60 };

/** Parses `120/min`, `5/s` or `90/hour` as requests per minute; undefined for anything else. */
export function parseRate(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\/([a-z]+)$/.exec(text.trim()) ?? [];
  const minutes = UNITS_MINUTES[unit];
  return count === undefined || minutes === undefined || Number(count) <= 0
    ? undefined
    : Number(count) / minutes;
}
