import type { LogEntryJson } from '../logs/entry.ts';
import { parseFilter, requireShort } from '../logs/filter.ts';
import type { ReadQuota } from '../logs/quota.ts';
import type { LogStore } from '../logs/store.ts';
import { decode, encode } from '../protocol/descriptors.ts';
import { invalidArgument } from '../protocol/errors.ts';
import type { Guard } from './access.ts';
import { type Routes, wantsNumericEnums } from './call.ts';
import { pageOf } from './pages.ts';

const REQUEST = 'google.logging.v2.ListLogEntriesRequest';
const ENTRY = 'google.logging.v2.LogEntry';

// Limits and defaults: ListLogEntriesRequest in google/logging/v2/logging.proto.
const PAGE_SIZE = 50;
const LARGEST_PAGE = 1000;

type ListRequest = {
  resourceNames?: string[];
  filter?: string;
  orderBy?: string;
  pageSize?: number;
  pageToken?: string;
};

/** Cloud Logging's read calls, mapped to HTTP as in google/logging/v2/logging.proto. */
export function loggingRoutes(store: LogStore, quota: ReadQuota, guard: Guard): Routes {
  return [
    {
      method: 'POST',
      path: '/v2/entries::list',
      handle(call) {
        const request = decode<ListRequest>(REQUEST, call.body);
        for (const name of requireProjects(request.resourceNames)) {
          guard.require('logging.logEntries.list', name.slice('projects/'.length), name);
        }
        quota.take();
        const { filter = '', pageSize = 0, pageToken } = request;
        requireShort(filter);
        if (pageSize > LARGEST_PAGE) throw invalidArgument(`page_size: at most ${LARGEST_PAGE}.`);
        const found = ordered(store.readable().filter(parseFilter(filter)), request.orderBy);
        const { items, ...rest } = pageOf(found, { size: pageSize, token: pageToken }, PAGE_SIZE);
        return { entries: items.map((entry) => encode(ENTRY, entry, wantsNumericEnums(call))), ...rest };
      },
    },
  ];
}

function requireProjects(names: readonly string[] = []): readonly string[] {
  if (names.length === 0) throw invalidArgument('resource_names is required.');
  const other = names.find((name) => !/^projects\/[^/]+$/.test(name));
  if (other !== undefined) throw invalidArgument(`resource_names: '${other}' is not a project.`);
  return names;
}

function ordered(entries: readonly LogEntryJson[], orderBy = 'timestamp asc'): LogEntryJson[] {
  if (orderBy !== 'timestamp asc' && orderBy !== 'timestamp desc') {
    throw invalidArgument(`order_by: '${orderBy}' is neither 'timestamp asc' nor 'timestamp desc'.`);
  }
  const oldestFirst = entries.toSorted(
    (a, b) => Date.parse(a.timestamp) - Date.parse(b.timestamp) || a.insertId.localeCompare(b.insertId),
  );
  return orderBy === 'timestamp asc' ? oldestFirst : oldestFirst.reverse();
}
