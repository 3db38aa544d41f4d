import { interruptible } from '@deploy/cli';
import {
  type Connection,
  errorFilter,
  logReadCommand,
  openLogApi,
  type ServiceLocation,
} from '@deploy/cloudrun';
import type { CheckWork } from '../check.ts';
import { cloudCheck } from './cloud-check.ts';

const MINUTES = 10;
const LIMIT = 50;

/**
 * Reads a service's recent error logs. The check passes if they can be read. With `failOnEntries`, it fails if there
 * are any.
 */
export function logProbeWork(request: {
  connection: Connection;
  location: ServiceLocation;
  /** The environment variable that names the service. */
  variable: string;
  failOnEntries: boolean;
}): CheckWork {
  const { connection, location, variable, failOnEntries } = request;
  return cloudCheck(variable, async (log, signal) => {
    const since = new Date(Date.now() - MINUTES * 60_000);
    const query = { filter: errorFilter(location.service, since), limit: LIMIT };
    log.line(`asked: ${logReadCommand(location.project, query)}`);
    const logs = await openLogApi(connection, location);
    const entries = await interruptible(signal, () => logs.newest(query));
    log.line(`answered: ${entries.length} entries, newest first`);
    for (const { timestamp, severity, revision, payload } of entries) {
      log.line(`${timestamp} ${severity} ${revision ?? '(no revision)'} ${payload}`);
    }
    const count = entries.length === LIMIT ? `${LIMIT} or more` : String(entries.length);
    const conclusion = `${count} error ${entries.length === 1 ? 'entry' : 'entries'} of ${location.service} in the last ${MINUTES} minutes`;
    const fails = failOnEntries && entries.length > 0;
    return {
      passed: !fails,
      conclusion: fails ? `${conclusion} (FAIL_ON_ERROR_LOGS is on)` : conclusion,
      figures: { errorEntries: entries.length },
    };
  });
}
