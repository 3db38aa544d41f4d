import { cleanLine } from '@deploy/cli';
import { AnsweredByAnother, NoSuchAddress } from './cloud-error.ts';
import type { HttpAnswer } from './http.ts';

// Google's front end itself answers with this page when there is no API at a host or a path, as for a region that does not
// exist: https://github.com/pulumi/examples/pull/875
const GOOGLES_PAGE = /<title>Error 404 \(Not Found\)!!1<\/title>/;

/**
 * Throws if an answer cannot be the API's: a proxy, a filter or the login page of a network refuses, redirects, or sends a
 * page with its own status. Google's APIs explain each refusal in JSON and redirect nobody
 * (https://cloud.google.com/apis/design/errors), so a 403 or a 404 without JSON says nothing about permissions, or about what
 * is there.
 */
export function requireAnswerOfApi({ status, headers, text }: HttpAnswer): void {
  const isRedirect = status >= 300 && status < 400;
  const isPage = status < 300 && (headers['content-type']?.includes('html') ?? false);
  const isRefusal = (status === 401 || status === 403 || status === 404) && !isJsonObject(text);
  if (!isRedirect && !isPage && !isRefusal) return;
  const what = `HTTP ${status} ${whatCame(headers.location, text)}`;
  throw status === 404 && GOOGLES_PAGE.test(text) ? new NoSuchAddress(what) : new AnsweredByAnother(what);
}

function whatCame(location: string | undefined, text: string): string {
  const host = location === undefined ? undefined : URL.parse(location)?.host;
  if (host) return `that leads to ${cleanLine(host, 120)}`;
  const [, title = ''] = /<title[^>]*>([^<]*)/i.exec(text) ?? [];
  return title.trim() === '' ? 'without JSON' : `with a page titled "${cleanLine(title.trim(), 80)}"`;
}

function isJsonObject(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null;
  } catch {
    return false;
  }
}
