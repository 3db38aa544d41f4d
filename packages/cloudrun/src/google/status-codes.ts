/** Whether a request may succeed if it is sent again: the server, or a proxy, could not take it just now. */
export function mayPass(httpStatus: number): boolean {
  return httpStatus === 408 || httpStatus === 429 || httpStatus >= 500;
}

/** gRPC status codes, which the clients use over REST as well: https://grpc.io/docs/guides/status-codes/ */
export const GRPC = {
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
};
