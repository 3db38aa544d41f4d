import type { Exchange } from './exchange.ts';
import type { Session } from './sessions.ts';

export type AuditDetails = {
  outcome?: string;
  session?: Session;
  attributes?: Readonly<Record<string, string>>;
};

/** What the service writes to standard output: one JSON object per line, like the real one. */
export type Observability = {
  listening(bind: string, staticDir: string): void;
  audit(exchange: Exchange, event: string, details?: AuditDetails): void;
  count(exchange: Exchange, metric: string): void;
  /**
   * Called for every answer of 500 or above. The logged line has a `level` but no `severity`, so its entry in Cloud
   * Logging gets no severity.
   */
  responseFailed(status: number, reason: string): void;
};

/** `write` gets each line without its line break. `now` is in milliseconds since 1970. */
export function createObservability(write: (line: string) => void, now: () => number): Observability {
  const counters = new Map<string, number>();
  const line = (level: string, message: string, fields: object): void =>
    write(JSON.stringify({ timestamp: microseconds(now()), level, message, ...fields }));
  return {
    listening: (bind, staticDir) =>
      line('INFO', 'openagents control service listening', { bind, static_dir: staticDir }),

    audit({ requestId, now: seconds }, event, { outcome = 'success', session, attributes = {} } = {}) {
      const who = session && {
        user_id: session.userId,
        session_id: session.id,
        org_id: session.activeOrgId,
        device_id: session.deviceId,
      };
      const event_json = {
        event_name: event,
        request_id: requestId,
        outcome,
        occurred_at: new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'),
        ...who,
        ...(Object.keys(attributes).length > 0 && { attributes }),
      };
      line('INFO', 'audit_event', {
        event_name: event,
        request_id: requestId,
        outcome,
        user_id: '',
        session_id: '',
        org_id: '',
        device_id: '',
        ...who,
        attributes_json: JSON.stringify(attributes),
        event_json: JSON.stringify(event_json),
      });
    },

    count({ requestId }, metric) {
      const value = (counters.get(metric) ?? 0) + 1;
      counters.set(metric, value);
      line('INFO', 'metric_counter_incremented', {
        metric_name: metric,
        metric_value: value,
        request_id: requestId,
      });
    },

    responseFailed: (status, reason) =>
      line('ERROR', 'response failed', {
        classification: `Status code: ${status} ${reason}`,
        latency: '0 ms',
      }),
  };
}

function microseconds(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
