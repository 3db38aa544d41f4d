import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { request } from './http.ts';

type AnyRequest = IncomingMessage | Http2ServerRequest;
type AnyResponse = ServerResponse | Http2ServerResponse;

/** A request handler, for HTTP/1.1 and HTTP/2, that passes everything on to a plain HTTP server and its answer back. */
export function forwardTo(url: string): (incoming: AnyRequest, outgoing: AnyResponse) => void {
  return (incoming, outgoing) => {
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).filter(([name]) => !name.startsWith(':')),
    );
    const upstream = request(
      `${url}${incoming.url}`,
      { method: incoming.method ?? 'GET', headers },
      (answer) => {
        const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...kept } = answer.headers;
        // The two kinds of response differ only in what is not used here.
        const response = outgoing as ServerResponse;
        response.writeHead(answer.statusCode ?? 502, kept);
        answer.pipe(response);
      },
    );
    incoming.pipe(upstream);
  };
}
