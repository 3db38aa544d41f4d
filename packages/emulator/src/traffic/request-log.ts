import type { LogEntryJson } from '../logs/entry.ts';
import type { LogPlace } from '../logs/store.ts';
import { randomHex, revisionResource } from '../logs/store.ts';
import type { RoutedRequest } from './routed-request.ts';

/** The entry that Cloud Run logs for a request: https://cloud.google.com/run/docs/logging#log-types */
export function requestLogEntry(
  request: RoutedRequest,
  place: LogPlace,
): Omit<LogEntryJson, 'insertId' | 'receiveTimestamp'> {
  const { status, latencyMs, referer, userAgent, message } = request;
  return {
    logName: `projects/${place.project}/logs/run.googleapis.com%2Frequests`,
    timestamp: new Date(request.startedAt).toISOString(),
    severity: status >= 500 ? 'ERROR' : status >= 400 ? 'WARNING' : 'INFO',
    resource: revisionResource(request, place),
    httpRequest: {
      requestMethod: request.method,
      requestUrl: request.url,
      requestSize: String(request.requestBytes),
      status,
      responseSize: String(request.responseBytes),
      ...(userAgent !== undefined && { userAgent }),
      remoteIp: request.remoteIp,
      serverIp: '127.0.0.1',
      ...(referer !== undefined && { referer }),
      latency: `${(latencyMs / 1000).toFixed(9)}s`,
      protocol: request.protocol,
    },
    trace: `projects/${place.project}/traces/${randomHex(32)}`,
    spanId: randomHex(16),
    ...(message !== undefined && { textPayload: message }),
  };
}
