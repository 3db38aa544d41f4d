import type { Socket } from 'node:net';
import { MAX_BODY_BYTES } from './dispatcher.ts';

// An import of node:http would load undici as well, which takes 0.1 s.
const { request } = process.getBuiltinModule('node:http');

export type PlainRequest = {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | undefined;
};

export type PlainAnswer = {
  statusCode: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
};

/**
 * Whether a request failed because the server sent an unrequested `100 Continue`. A client must then keep reading
 * (https://www.rfc-editor.org/rfc/rfc9110#status.1xx), as curl does, but undici drops the connection.
 */
export function isUnaskedContinue(error: unknown): boolean {
  return error instanceof Error && error.name === 'SocketError' && error.message === 'bad response';
}

/** Sends a request over its own connection with Node's client, which keeps reading after an interim answer. */
export async function sendPlainly(
  socket: Socket,
  { body, ...asked }: PlainRequest,
  signal: AbortSignal,
): Promise<PlainAnswer> {
  try {
    return await new Promise<PlainAnswer>((resolve, reject) => {
      const sending = request({ ...asked, createConnection: () => socket, signal }, async (answer) => {
        try {
          let text = '';
          answer.setEncoding('utf8');
          for await (const chunk of answer) {
            text += chunk;
            if (text.length > MAX_BODY_BYTES) throw new TooLarge();
          }
          resolve({ statusCode: answer.statusCode ?? 0, headers: answer.headers, text });
        } catch (error) {
          reject(error);
        }
      });
      sending.once('error', reject);
      sending.end(body);
    });
  } finally {
    socket.destroy();
  }
}

class TooLarge extends Error {
  readonly code = 'UND_ERR_RES_EXCEEDED_MAX_SIZE';
}
