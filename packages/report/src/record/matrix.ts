import { isOwnUrl } from './base-url.ts';
import type { MatrixEntry, ReportRecord } from './schema.ts';

/**
 * Whether a matrix checked the report's service: one of its own URLs, or its traffic. Earlier versions did not record what a
 * matrix checked; those entries count.
 */
export function isAboutService(record: ReportRecord, { baseUrls, service }: MatrixEntry): boolean {
  if (baseUrls === undefined && service === undefined) return true;
  const isIt =
    service?.project === record.project &&
    service.region === record.region &&
    service.service === record.service;
  return isIt || (baseUrls ?? []).some((url) => isOwnUrl(record, url));
}

/** `2 required checks were not made`. */
export function notMade({ notMade: count }: MatrixEntry): string {
  const checks = count === 1 ? '1 required check was' : `${count ?? 'some'} required checks were`;
  return `${checks} not made`;
}
