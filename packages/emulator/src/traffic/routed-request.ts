/** An answered request to a revision; the answer may come from its container or from the platform. */
export type RoutedRequest = {
  service: string;
  revision: string;
  /** Milliseconds since 1970, by the emulator's clock. */
  startedAt: number;
  endedAt: number;
  latencyMs: number;
  method: string;
  /** The URL as requested. Its host belongs to the service or to a tag. */
  url: string;
  status: number;
  requestBytes: number;
  responseBytes: number;
  userAgent: string | undefined;
  referer: string | undefined;
  remoteIp: string;
  protocol: string;
  /** False if the platform answered because there was no instance. */
  reachedContainer: boolean;
  /** The platform's own message about a failed request. */
  message?: string;
};
