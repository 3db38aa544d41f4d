/** A refusal in the format of Google's APIs: https://cloud.google.com/apis/design/errors */
export class ApiError extends Error {
  readonly httpStatus: number;
  readonly status: string;

  constructor(httpStatus: number, status: string, message: string) {
    super(message);
    this.httpStatus = httpStatus;
    this.status = status;
  }
}

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
export const notFound = (what: string): ApiError =>
  new ApiError(404, 'NOT_FOUND', `Resource '${what}' was not found.`);
export const alreadyExists = (message: string): ApiError => new ApiError(409, 'ALREADY_EXISTS', message);
export const aborted = (message: string): ApiError => new ApiError(409, 'ABORTED', message);

export function errorBody(error: ApiError) {
  return { error: { code: error.httpStatus, message: error.message, status: error.status } };
}
