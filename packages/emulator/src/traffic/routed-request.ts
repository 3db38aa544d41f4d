/** A request that the front end has answered, on behalf of a revision or in its place. */
export type RoutedRequest = {
  service: string;
  revision: string;
  /** Milliseconds since 1970, by the emulator's clock. */
  startedAt: number;
  endedAt: number;
  latencyMs: number;
  method: string;
  /** As it was asked for, with the service's or tag's address. */
  url: string;
  status: number;
  requestBytes: number;
  responseBytes: number;
  userAgent: string | undefined;
  referer: string | undefined;
  remoteIp: string;
  protocol: string;
  /** False when the platform answered, because there was no instance to answer. */
  reachedContainer: boolean;
  /** The platform's own words about a request that failed. */
  message?: string;
};
