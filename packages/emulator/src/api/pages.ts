import { invalidArgument } from '../protocol/errors.ts';
import type { Call } from './call.ts';

/** The default page size. Cloud Run documents none for the lists here; for its other lists, it is 100. */
export const PAGE_SIZE = 100;

export type Page<T> = { items: T[]; nextPageToken?: string };

/**
 * One page of a list: https://google.aip.dev/158. The token is the position of the next page. Throws a 400 for an
 * unknown token or a negative size.
 */
export function pageOf<T>(
  all: readonly T[],
  { size, token }: { size: number; token: string | undefined },
  defaultSize: number,
): Page<T> {
  const start = token === undefined || token === '' ? 0 : Number(token);
  if (!Number.isInteger(start) || start < 0 || start > all.length) {
    throw invalidArgument('The page token is not valid.');
  }
  if (!Number.isInteger(size) || size < 0) throw invalidArgument('The page size is not valid.');
  const end = start + (size === 0 ? defaultSize : size);
  return { items: all.slice(start, end), ...(end < all.length && { nextPageToken: String(end) }) };
}

export function askedPage({ query }: Call): { size: number; token: string | undefined } {
  return {
    size: Number(query.get('pageSize') ?? query.get('page_size') ?? 0),
    token: query.get('pageToken') ?? query.get('page_token') ?? undefined,
  };
}
