import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Emulator } from '@deploy/emulator';
import { PROJECT } from './cloud.ts';

export type Entry = {
  logName: string;
  severity?: string;
  timestamp: string;
  receiveTimestamp: string;
  resource: { type: string; labels: Record<string, string> };
  textPayload?: string;
  jsonPayload?: Record<string, unknown>;
  httpRequest?: Record<string, unknown>;
};

export type TimeSeries = {
  metric: { type: string; labels: Record<string, string> };
  resource: { labels: Record<string, string> };
  points?: {
    interval: { startTime: string; endTime: string };
    value: {
      int64Value?: string;
      doubleValue?: number;
      distributionValue?: { count: string; mean: number; bucketCounts: string[]; bucketOptions: object };
    };
  }[];
};

export const REQUESTS = `logName="projects/${PROJECT}/logs/run.googleapis.com%2Frequests"`;

/** The log entries that a filter finds, oldest first. */
export async function entries(cloud: Emulator, filter: string): Promise<Entry[]> {
  const answer = await fetch(`${cloud.url}/v2/entries:list`, {
    method: 'POST',
    body: JSON.stringify({ resourceNames: [`projects/${PROJECT}`], filter, pageSize: 1000 }),
  });
  const body = await answer.text();
  assert.equal(answer.status, 200, body);
  return JSON.parse(body).entries ?? [];
}

/** The same, as soon as there are so many: a request is written down when it has ended, a moment after its answer. */
export async function entriesOnce(cloud: Emulator, filter: string, count: number): Promise<Entry[]> {
  for (;;) {
    const found = await entries(cloud, filter);
    if (found.length >= count) return found;
    await pause(20);
  }
}

/** Time series of a metric, of the ten minutes before and five after now unless `query` says otherwise. */
export async function timeSeries(
  cloud: Emulator,
  metric: 'request_count' | 'request_latencies',
  { filter = '', query = {} }: { filter?: string; query?: Record<string, string | string[]> } = {},
): Promise<{ status: number; series: TimeSeries[]; message: string | undefined }> {
  const now = cloud.clock.now();
  const all = {
    filter: `metric.type="run.googleapis.com/${metric}" AND resource.type="cloud_run_revision"${filter}`,
    'interval.startTime': new Date(now - 600_000).toISOString(),
    'interval.endTime': new Date(now + 300_000).toISOString(),
    ...query,
  };
  const search = new URLSearchParams();
  for (const [name, values] of Object.entries(all)) {
    for (const value of [values].flat()) search.append(name, value);
  }
  const answer = await fetch(`${cloud.url}/v3/projects/${PROJECT}/timeSeries?${search}`);
  const body = (await answer.json()) as { timeSeries?: TimeSeries[]; error?: { message: string } };
  return { status: answer.status, series: body.timeSeries ?? [], message: body.error?.message };
}

/** Requests one after another; the answers' statuses. */
export async function ask(url: string, count: number, path = '/'): Promise<number[]> {
  const statuses: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const answer = await fetch(`${url}${path}`, { headers: { 'user-agent': 'a test' } });
    await answer.arrayBuffer();
    statuses.push(answer.status);
  }
  return statuses;
}
