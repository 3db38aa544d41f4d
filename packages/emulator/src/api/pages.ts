import { invalidArgument } from '../protocol/errors.ts';

export type Page<T> = { items: T[]; nextPageToken?: string };

/**
 * One page of a list: https://google.aip.dev/158. The token is the position of the page after it. Throws a 400 for a
 * token that was never given out and a negative size.
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
