import { cleanLine, errorCode, networkFailure, ProxyFailure } from '@deploy/cli';
import { MAX_BODY_BYTES } from './dispatcher.ts';
import { ConnectionFailure, type Stage } from './route.ts';

/**
 * `reason` tells people why there was no answer; `hint` tells them what to do about it, if that is known. `isOutOfReach`:
 * the request was never sent, because no connection could be opened.
 */
export type Failure = { reason: string; hint: string | undefined; isOutOfReach: boolean };

export class TimedOut extends Error {
  override readonly name = 'TimedOut';
  /** What the connection was waiting for; undefined if it was already open. */
  readonly stage: Stage | undefined;

  constructor(stage: Stage | undefined) {
    super('timed out');
    this.stage = stage;
  }
}

/**
 * What a request's error means. This looks at codes only: messages of the HTTP stack may quote the URL, and with it a
 * token.
 */
export function failureOf(
  error: unknown,
  { timeoutMs, proxyShown }: { timeoutMs: number; proxyShown: string },
): Failure {
  const cause = causeOf(error);
  const stage = error instanceof ConnectionFailure ? error.stage : undefined;
  const waitsFor = cause instanceof TimedOut ? cause.stage : stage;
  const isOutOfReach = waitsFor !== undefined || cause instanceof ProxyFailure;
  if (cause instanceof TimedOut || isTimeout(cause)) {
    const detail = waitsFor === undefined ? '' : `: ${WAITS[waitsFor](proxyShown)}`;
    return {
      reason: `no complete answer within ${timeoutMs / 1000} s${detail}`,
      hint: undefined,
      isOutOfReach,
    };
  }
  if (cause instanceof ProxyFailure) return { reason: cause.message, hint: cause.hint, isOutOfReach };
  const code = errorCode(cause);
  if (stage === 'tls' || isTls(code)) return { ...tlsFailure(cause, code), isOutOfReach };
  return { reason: reasonFor(cause, code), hint: undefined, isOutOfReach };
}

/** The code of the error at the root of a failed request. */
export function failureCode(error: unknown): string {
  const cause = causeOf(error);
  return errorCode(cause instanceof ProxyFailure && cause.cause ? cause.cause : cause);
}

export function causeOf(error: unknown): unknown {
  return error instanceof ConnectionFailure ? error.cause : error;
}

const WAITS: Record<Stage, (proxy: string) => string> = {
  lookup: () => 'the host name has not been looked up',
  connect: () => 'no connection was opened',
  proxy: (proxy) => `${proxy} has opened no connection`,
  tls: () => 'the TLS handshake has not ended',
};

const TIMEOUTS = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'];

function isTimeout(error: unknown): boolean {
  return TIMEOUTS.includes(errorCode(error)) || (error instanceof Error && error.name === 'TimeoutError');
}

const REASONS: Record<string, string> = {
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_INFO: 'the connection was cut',
  UND_ERR_ABORTED: 'the connection was cut',
  ERR_HTTP2_STREAM_ERROR: 'the server cancelled the request',
  ERR_HTTP2_STREAM_CANCEL: 'the server cancelled the request',
  ERR_HTTP2_ERROR: 'the answer is not HTTP/2',
  ERR_HTTP2_SESSION_ERROR: 'the server gave up the connection',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: `the answer is larger than ${MAX_BODY_BYTES / 1024 / 1024} MiB`,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is not as long as it says',
};

function reasonFor(error: unknown, code: string): string {
  const reason = networkFailure(code) ?? REASONS[code];
  if (reason !== undefined) return reason;
  const name = error instanceof Error ? error.name : '';
  if (name.startsWith('HTTPParser') || code.startsWith('HPE_'))
    return code ? `the answer is not HTTP (${cleanLine(code, 60)})` : 'the answer is not HTTP';
  return `the request failed (${cleanLine(code || name || 'unknown error', 60)})`;
}

function isTls(code: string): boolean {
  return /^(?:ERR_SSL_|ERR_TLS_|EPROTO$)|CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code);
}

// The codes: https://nodejs.org/api/tls.html#x509-certificate-error-codes
const TLS_HINTS: readonly [codes: RegExp, hint: string][] = [
  [
    /WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST/,
    'The server on this port does not speak TLS: use an http URL, or another port.',
  ],
  [/ALTNAME/, 'The certificate is for another host: check the URL, and the domain mapping of the service.'],
  [/EXPIRED/, "The certificate has expired, or this machine's clock is wrong."],
  [/NOT_YET_VALID/, "The certificate is not valid yet, or this machine's clock is wrong."],
  [
    /UNABLE_TO_VERIFY_LEAF/,
    "The server does not send its issuer's certificate: configure it to send the whole chain, with the intermediate certificates.",
  ],
  [
    /SELF_SIGNED|ISSUER_CERT/,
    "This machine does not trust the issuer of the certificate: add your company's CA to the operating system's, or name its file in NODE_EXTRA_CA_CERTS.",
  ],
  [
    /^$|ECONNRESET|EPIPE|HANDSHAKE|INTERNAL_ERROR|UNRECOGNIZED_NAME|EPROTO|UNEXPECTED_EOF/,
    "This is what a certificate that is still pending looks like: until it is there, set OPENAGENTS_BASE_URL to the service's own run.app URL.",
  ],
];

function tlsFailure(error: unknown, code: string): Omit<Failure, 'isOutOfReach'> {
  const wasCut = ['ECONNRESET', 'EPIPE'].includes(code);
  const shown = cleanLine(code || (error instanceof Error ? error.name : 'unknown error'), 80);
  return {
    reason: wasCut ? `the TLS handshake was cut (${shown})` : `the TLS connection failed (${shown})`,
    hint: TLS_HINTS.find(([codes]) => codes.test(code))?.[1],
  };
}
