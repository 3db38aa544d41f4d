/** A refusal in the format of Google's APIs: https://cloud.google.com/apis/design/errors */
export class ApiError extends Error {
  readonly httpStatus: number;
  readonly status: string;
  /** Messages of google/rpc/error_details.proto, each with its `@type`. */
  readonly details: readonly ErrorDetail[];

  constructor(httpStatus: number, status: string, message: string, details: readonly ErrorDetail[] = []) {
    super(message);
    this.httpStatus = httpStatus;
    this.status = status;
    this.details = details;
  }
}

export type ErrorDetail = { '@type': string; [field: string]: unknown };

export const invalidArgument = (message: string): ApiError => new ApiError(400, 'INVALID_ARGUMENT', message);
export const failedPrecondition = (message: string): ApiError =>
  new ApiError(400, 'FAILED_PRECONDITION', message);
export const unauthenticated = (): ApiError =>
  new ApiError(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.');
export const permissionDenied = (permission: string, resource: string): ApiError =>
  new ApiError(
    403,
    'PERMISSION_DENIED',
    `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`,
  );
/** A change of a service whose account the caller may not act as: https://cloud.google.com/run/docs/troubleshooting */
export const actAsDenied = (account: string): ApiError =>
  new ApiError(
    403,
    'PERMISSION_DENIED',
    `Permission 'iam.serviceaccounts.actAs' denied on service account ${account} (or it may not exist).`,
  );
export const notFound = (what: string): ApiError =>
  new ApiError(404, 'NOT_FOUND', `Resource '${what}' was not found.`);
export const alreadyExists = (message: string): ApiError => new ApiError(409, 'ALREADY_EXISTS', message);
export const aborted = (message: string): ApiError => new ApiError(409, 'ABORTED', message);

export function errorBody(error: ApiError) {
  const { httpStatus: code, message, status, details } = error;
  return { error: { code, message, status, ...(details.length > 0 && { details }) } };
}
