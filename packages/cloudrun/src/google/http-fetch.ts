import type { Http, HttpAnswer } from './http.ts';

const TIMEOUT_MS = 60_000;

/** Sends a request to a URL, perhaps more than once, with headers that it adds. */
type Sending = (
  url: string,
  send: (added: Readonly<Record<string, string>>) => Promise<HttpAnswer>,
) => Promise<HttpAnswer>;

/**
 * A `fetch` that makes Google's libraries use the same HTTP client as all our other requests. It ignores the agents
 * that the libraries pass.
 */
export function fetchOver(http: Http, sending: Sending = (_, send) => send({})): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const body = new Uint8Array(await request.arrayBuffer());
    const { status, headers, text } = await sending(request.url, (added) =>
      http.send({
        method: request.method,
        url: request.url,
        headers: { ...Object.fromEntries(request.headers), ...added },
        ...(body.length > 0 && { body }),
        timeoutMs: TIMEOUT_MS,
      }),
    );
    const given = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    // A response with one of these statuses must not have a body: https://fetch.spec.whatwg.org/#null-body-status
    return new Response([204, 304].includes(status) ? null : text, { status, headers: given });
  };
}
