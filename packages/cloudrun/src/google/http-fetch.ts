import type { Http } from './http.ts';

const TIMEOUT_MS = 60_000;

/**
 * A `fetch` that makes Google's libraries use the same HTTP client as all our other requests. It ignores the agents
 * that the libraries pass.
 */
export function fetchOver(
  http: Http,
  headersFor: (url: string) => Promise<Readonly<Record<string, string>>> = async () => ({}),
): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const body = new Uint8Array(await request.arrayBuffer());
    const { status, headers, text } = await http.send({
      method: request.method,
      url: request.url,
      headers: { ...Object.fromEntries(request.headers), ...(await headersFor(request.url)) },
      ...(body.length > 0 && { body }),
      timeoutMs: TIMEOUT_MS,
    });
    const given = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    // A response with one of these statuses must not have a body: https://fetch.spec.whatwg.org/#null-body-status
    return new Response([204, 304].includes(status) ? null : text, { status, headers: given });
  };
}
