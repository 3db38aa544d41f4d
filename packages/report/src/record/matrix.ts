import { isOwnUrl } from './base-url.ts';
import type { MatrixEntry, ReportRecord } from './schema.ts';
import { isSameService } from './service.ts';

/**
 * Whether a matrix checked the report's service, either at one of its own URLs or by reading its traffic. Earlier
 * versions did not record what was checked; assume that it was this service.
 */
export function isAboutService(record: ReportRecord, { baseUrls, service }: MatrixEntry): boolean {
  if (baseUrls === undefined && service === undefined) return true;
  const readItsTraffic = service !== undefined && isSameService(record, service);
  return readItsTraffic || (baseUrls ?? []).some((url) => isOwnUrl(record, url));
}

/** A phrase such as `2 required checks were not made`. */
export function notMade({ notMade: count }: MatrixEntry): string {
  const checks = count === 1 ? '1 required check was' : `${count ?? 'some'} required checks were`;
  return `${checks} not made`;
}
