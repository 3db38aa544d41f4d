import { dropTrailingSlashes } from '@deploy/cli';

/** A base URL in the one spelling by which two of them are compared: no trailing slash, the host in lower case. */
export function canonicalBaseUrl(url: string): string {
  return dropTrailingSlashes(URL.parse(url)?.href ?? url);
}
