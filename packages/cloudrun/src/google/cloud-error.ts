import { cleanLine, errorCode, isUntrusted, ProxyFailure, UserError } from '@deploy/cli';
import { listCommand, regionsCommand } from '../gcloud/commands.ts';
import type { ServiceLocation } from '../service-location.ts';
import { explainForbidden } from './forbidden.ts';
import { HOW_TO_LOG_IN } from './identity.ts';
import { GRPC, mayPass } from './status-codes.ts';

/**
 * Why a cloud call failed. Each kind calls for a different reaction:
 * - conflict: somebody else changed the resource in between; nothing was done.
 * - rate-limited: nothing was done, and the call may work later.
 * - unanswered: no answer, or one that does not say whether the request was carried out.
 * - refused: the platform said no and will say no again.
 */
export type CloudErrorKind =
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'rate-limited'
  | 'unanswered'
  | 'refused';

export class CloudError extends UserError {
  readonly kind: CloudErrorKind;

  constructor(kind: CloudErrorKind, message: string, options: { hint?: string; cause: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** What a call was doing, and for which service. Every error message starts with `doing`. */
export type CallSubject = { doing: string; location: ServiceLocation };

/** Turns whatever a Google client threw into a CloudError. A UserError stays as it is. */
export function asCloudError(subject: CallSubject, thrown: unknown): UserError {
  if (thrown instanceof UserError) return thrown;
  if (!(thrown instanceof Error)) throw thrown;
  const explained = explain(subject, thrown);
  return new CloudError(explained.kind, `${subject.doing}: ${explained.message}`, {
    ...(explained.hint && { hint: explained.hint }),
    cause: thrown,
  });
}

type Explanation = { kind: CloudErrorKind; message: string; hint?: string };

/**
 * If a call got no complete answer, gives its error the status code for "unavailable". Returns any other error
 * unchanged.
 */
export function unanswered(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !isSilence(thrown)) return thrown;
  return Object.assign(new Error(thrown.message, { cause: thrown }), { code: GRPC.unavailable });
}

// Google answers ABORTED, as if a retry could help, even when the name of a revision is already taken. Only the message
// shows that such a refusal is final.
const PERMANENT_CONFLICT = /already exists/i;

function explain({ location }: CallSubject, error: Error): Explanation {
  const said = cleanLine(error.message, 400);
  const other = causesOf(error).find((each) => each instanceof AnsweredByAnother);
  if (other !== undefined) {
    return {
      kind: 'unanswered',
      message: `something else answered in place of the API (${cleanLine(other.message, 400)})`,
      hint: 'A proxy, a filter or the login page of a network may be in between: check HTTPS_PROXY and NO_PROXY, and whether this machine may reach googleapis.com.',
    };
  }
  if (causesOf(error).some((each) => each instanceof NoSuchAddress)) {
    return {
      kind: 'refused',
      message: `Google has nothing at this address (${said})`,
      hint: `Check REGION, which may be misspelt; to list the regions:\n  ${regionsCommand(location.project)}`,
    };
  }
  const code = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
  switch (code) {
    case GRPC.unauthenticated:
      return {
        kind: 'unauthenticated',
        message: `the login is missing or has expired (${said})`,
        hint: HOW_TO_LOG_IN,
      };
    case GRPC.permissionDenied:
      return { kind: 'forbidden', ...explainForbidden(error, said, location) };
    case GRPC.notFound:
      return {
        kind: 'not-found',
        message: `not found in region ${location.region} of project ${location.project} (${said})`,
        hint: `Check PROJECT, REGION and SERVICE; to list the services:\n  ${listCommand(location)}`,
      };
    case GRPC.aborted:
      return PERMANENT_CONFLICT.test(said)
        ? { kind: 'refused', message: said }
        : {
            kind: 'conflict',
            message: `somebody else is changing it (${said})`,
            hint: 'Look at what they did, then run this again.',
          };
    case GRPC.resourceExhausted:
      return {
        kind: 'rate-limited',
        message: `too many requests (${said})`,
        hint: 'Wait a minute, then run this again.',
      };
    case GRPC.unavailable:
    case GRPC.deadlineExceeded:
    case GRPC.internal:
    case GRPC.unknown:
      return { kind: 'unanswered', ...explainSilence(error, said) };
    default:
      if (code !== undefined) return { kind: 'refused', message: said };
      return isSilence(error)
        ? { kind: 'unanswered', ...explainSilence(error, said) }
        : explainLocalFailure(error, said);
  }
}

export const CHECK_NETWORK = 'Check the network, the proxy settings and CLOUD_RUN_EMULATOR_HOST.';

function explainSilence(error: Error, said: string): { message: string; hint: string } {
  const proxy = causesOf(error).find((each) => each instanceof ProxyFailure);
  if (proxy !== undefined)
    return { message: `the API could not be reached (${said})`, hint: proxy.hint ?? CHECK_NETWORK };
  if (causesOf(error).some(isInvalidCertificate)) {
    return {
      message: `the server that answers has no valid certificate of the API (${said})`,
      hint: "Check this machine's clock, and whether a proxy or the login page of a network answers instead of Google.",
    };
  }
  const networkCode = networkCodeOf(error);
  // When several addresses of a host were tried in vain, the error has no message of its own.
  if (networkCode !== undefined) {
    const what = said === '' ? networkCode : `${networkCode}: ${said}`;
    return { message: `the API could not be reached (${what})`, hint: CHECK_NETWORK };
  }
  return {
    message: `no usable answer from the API (${said})`,
    hint: 'Run this again; status.cloud.google.com lists outages.',
  };
}

// An error without a gRPC status did not come from the API: the request never reached it, for instance because there
// are no credentials.
function explainLocalFailure(error: Error, said: string): Explanation {
  if (error instanceof ProxyFailure) {
    return { kind: 'refused', message: said, ...(error.hint !== undefined && { hint: error.hint }) };
  }
  if (isUntrusted(error)) {
    return {
      kind: 'refused',
      message: `the server's certificate is not trusted here (${said})`,
      hint: 'Behind a proxy that inspects TLS, trust its certificate: NODE_EXTRA_CA_CERTS=/path/to/ca.pem',
    };
  }
  if (/credential|auth|token|invalid_grant|reauth/i.test(said)) {
    return { kind: 'unauthenticated', message: `no usable login (${said})`, hint: HOW_TO_LOG_IN };
  }
  throw error;
}

/** Whether this error means that the API did not answer, or that somebody else answered in its place. */
export function isSilence(error: Error): boolean {
  return (
    networkCodeOf(error) !== undefined ||
    causesOf(error).some(
      (each) => isTimeout(each) || isInvalidCertificate(each) || isPassingProxyTrouble(each),
    )
  );
}

function isTimeout({ name }: Error): boolean {
  return name === 'TimeoutError' || name === 'AbortError';
}

/**
 * Whether a certificate is expired, not valid yet, or another host's. This is how the login page of a network looks, or
 * a clock that is wrong after the machine was asleep. An unknown issuer is another matter: see `isUntrusted`.
 * The codes: https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
function isInvalidCertificate(error: Error): boolean {
  return !isUntrusted(error) && /^(?:CERT_|ERR_TLS_CERT_)/.test(errorCode(error));
}

/**
 * Whether a proxy may open the connection later: it could not be reached, or it could not reach the API. A proxy that
 * forbids the connection, or asks for a login, will do so again.
 */
function isPassingProxyTrouble(error: Error): boolean {
  if (!(error instanceof ProxyFailure)) return false;
  const { status, cause } = error;
  return status === undefined ? cause !== undefined : mayPass(status);
}

/** The error for an answer that something on the way gave in place of the API. The message says what came. */
export class AnsweredByAnother extends Error {
  readonly code = GRPC.unavailable;
}

/** The error for an answer of Google's front end, because there is no API at an address. The message says what came. */
export class NoSuchAddress extends Error {
  readonly code = GRPC.unimplemented;
}

/** The error for an answer that is not JSON, such as a proxy's error page. */
export function noUsableAnswer(): Error {
  return Object.assign(new Error('the answer was not JSON'), { code: GRPC.unavailable });
}

// The codes of the operating system (ECONNREFUSED, ENOTFOUND), of its resolver (EAI_AGAIN), and of answers that are not
// HTTP or not TLS.
const NETWORK_CODE = /^(?:E[A-Z]+|EAI_[A-Z]+|HPE_\w+|ERR_SSL_\w+)$/;

/** The code for a failed connection, from the error or any of its causes. Errors about files do not count. */
function networkCodeOf(error: Error): string | undefined {
  return causesOf(error)
    .filter((each) => !('path' in each))
    .map(errorCode)
    .find((code) => NETWORK_CODE.test(code));
}

/** The error, its cause, the cause of that, and so on. */
function causesOf(error: Error): Error[] {
  return error.cause instanceof Error ? [error, ...causesOf(error.cause)] : [error];
}
