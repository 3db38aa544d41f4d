import { GRPC } from './status-codes.ts';

// How codes and HTTP statuses correspond: https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
// No code there has 408. Google's front end answers with it when a request came in too slowly, and its guides say to try
// again: https://cloud.google.com/storage/docs/retry-strategy
const CODE_OF_HTTP_STATUS: Readonly<Record<number, number>> = {
  401: GRPC.unauthenticated,
  403: GRPC.permissionDenied,
  404: GRPC.notFound,
  408: GRPC.deadlineExceeded,
  409: GRPC.aborted,
  429: GRPC.resourceExhausted,
  501: GRPC.unimplemented,
};

/** A REST API's error answer, with the gRPC status code that Google's clients would have given it. */
export class ApiRefusal extends Error {
  readonly code: number;
  /** The name of the status, as in google/rpc/code.proto (`ALREADY_EXISTS`); undefined when the answer names none. */
  readonly status: string | undefined;
  /** Why, in one word that programs can rely on, such as `SERVICE_DISABLED`; undefined when the answer has none. */
  readonly reason: string | undefined;
  /** The API that refused, for instance `run.googleapis.com`. */
  readonly api: string | undefined;
  /** The project that the call was charged to, by number or ID; undefined when the answer names none. */
  readonly consumer: string | undefined;

  constructor(httpStatus: number, body: unknown, api?: string) {
    const { error } = (body ?? {}) as { error?: { message?: unknown; status?: unknown; details?: unknown } };
    const { violations, reason, service, consumer } = readDetails(error?.details);
    const message = typeof error?.message === 'string' ? error.message : `HTTP ${httpStatus}`;
    super(withViolations(message, violations));
    this.code =
      CODE_OF_HTTP_STATUS[httpStatus] ?? (httpStatus >= 500 ? GRPC.unavailable : GRPC.invalidArgument);
    this.status = typeof error?.status === 'string' ? error.status : undefined;
    this.reason = reason;
    this.api = service ?? api;
    this.consumer = consumer;
  }
}

/**
 * A message with the violations that it does not name itself. Without them, all that the platform says about an invalid
 * field may be `The request has errors`.
 */
function withViolations(message: string, violations: readonly string[]): string {
  const unsaid = violations.filter((each) => !message.includes(each));
  return unsaid.length === 0 ? message : `${message}: ${unsaid.join('; ')}`;
}

type Detail = {
  reason?: unknown;
  metadata?: { service?: unknown; consumer?: unknown };
  fieldViolations?: unknown;
  violations?: unknown;
};

type Details = { violations: string[] } & Record<'reason' | 'service' | 'consumer', string | undefined>;

/**
 * Reads an error's details. Each is a message of google/rpc/error_details.proto:
 * https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
 */
function readDetails(details: unknown): Details {
  const given = listOf<Detail>(details);
  const info = given.find(({ reason }) => typeof reason === 'string');
  return {
    violations: given.flatMap(({ fieldViolations, violations }) =>
      [...listOf(fieldViolations), ...listOf(violations)].flatMap(describeViolation),
    ),
    reason: textOf(info?.reason),
    service: textOf(info?.metadata?.service),
    consumer: textOf(info?.metadata?.consumer)?.replace(/^projects\//, ''),
  };
}

/** A violation in words: the field, if it names one, and what is wrong with it. */
function describeViolation({ field, description }: { field?: unknown; description?: unknown }): string[] {
  const parts = [textOf(field), textOf(description)].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? [] : [parts.join(': ')];
}

function listOf<T extends object>(value: unknown): T[] {
  if (!Array.isArray(value)) return [];
  return value.filter((each): each is T => typeof each === 'object' && each !== null);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
