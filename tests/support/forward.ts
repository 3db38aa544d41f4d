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
      // A connection each: a server that closes a kept one just when it is used would fail a test on a busy machine.
      { method: incoming.method ?? 'GET', headers, agent: false },
      (answer) => {
        const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...kept } = answer.headers;
        // The two kinds of response differ only in what is not used here.
        const response = outgoing as ServerResponse;
        response.writeHead(answer.statusCode ?? 502, kept);
        answer.pipe(response);
      },
    );
    // Whoever asked sees what came of it: a connection that ends without an answer.
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  };
}
