/**
 * Session affinity: a cookie for 30 days that takes precedence over the traffic split
 * (https://cloud.google.com/run/docs/configuring/session-affinity). The cookie holds a fixed place, a number between 0
 * and 1. The split divides that range among its revisions, oldest first, so that a changed split moves as few clients
 * as possible: a change from 90/10 to 80/20 moves one client in ten. If the place now belongs to a revision without
 * affinity, the cookie is ignored.
 */
export type SplitRow<T> = { value: T; weight: number; hasAffinity: boolean };

const COOKIE = 'GAESA';
const LIFE_SECONDS = 30 * 24 * 3600;

/** The place that a request's cookie holds; undefined without a valid cookie. */
export function placeOf(cookies: string | undefined): number | undefined {
  for (const part of cookies?.split(';') ?? []) {
    const [name, value = ''] = part.trim().split('=');
    if (name !== COOKIE) continue;
    const place = Number(Buffer.from(value, 'base64url').toString('utf8'));
    return place >= 0 && place < 1 ? place : undefined;
  }
  return undefined;
}

/**
 * The row of the split that covers a place between 0 and 1. Each row covers its share of that range. Undefined if the
 * row's revision has no affinity.
 */
export function rowAt<T>(rows: readonly SplitRow<T>[], place: number): SplitRow<T> | undefined {
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  let upTo = 0;
  const row = rows.find(({ weight }) => {
    upTo += weight;
    return place * total < upTo;
  });
  return row?.hasAffinity ? row : undefined;
}

/** The cookie for a client that was sent to the revision of `chosen`, a row with affinity. */
export function cookieFor<T>(rows: readonly SplitRow<T>[], chosen: SplitRow<T>): string {
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  const before = rows.slice(0, rows.indexOf(chosen)).reduce((sum, { weight }) => sum + weight, 0);
  const place = (before + Math.random() * chosen.weight) / total;
  const value = Buffer.from(String(Math.min(place, 1 - Number.EPSILON))).toString('base64url');
  return `${COOKIE}=${value}; Max-Age=${LIFE_SECONDS}; Path=/; HttpOnly`;
}
