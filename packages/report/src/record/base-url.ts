import { dropTrailingSlashes } from '@deploy/cli';
import type { ReportRecord } from './schema.ts';

/** Normalises a base URL for comparison: no trailing slash, the host in lower case. */
export function canonicalBaseUrl(url: string): string {
  return dropTrailingSlashes(URL.parse(url)?.href ?? url);
}

/** Whether a base URL is the service's own, which the public uses, and not a tag's. */
export function isOwnUrl({ baseUrls, tagUrls }: ReportRecord, url: string): boolean {
  return includes(baseUrls, url) && !(tagUrls === undefined && isTagUrl(url));
}

/** Whether the report lists a base URL, as the service's own or as a tag's. */
export function isKnownUrl({ baseUrls, tagUrls = [] }: ReportRecord, url: string): boolean {
  return includes([...baseUrls, ...tagUrls], url);
}

// Reports of earlier versions list tag URLs among the service's own, so they must be told apart by their form. Cloud
// Run joins a tag and the service's name by three dashes:
// https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration#tags
function isTagUrl(url: string): boolean {
  return /^[^.]+---[^.]+\..*run\.app$/.test(URL.parse(url)?.hostname ?? '');
}

function includes(urls: readonly string[], url: string): boolean {
  return urls.some((each) => canonicalBaseUrl(each) === canonicalBaseUrl(url));
}
