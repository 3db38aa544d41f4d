import { cleanLine, errorMessage } from '@deploy/cli';
import { isOwnUrl } from '../record/base-url.ts';
import {
  deployed,
  digestResolved,
  domainMappingSeen,
  gatesRun,
  maintenanceChanged,
  matrixRun,
  reachedAt,
  servingFound,
  smoked,
  tagsReachedAt,
  trafficChanged,
} from '../record/events.ts';
import { gateEntries } from '../record/gate-entries.ts';
import type { ReportRecord } from '../record/schema.ts';
import { lastChange } from '../record/split.ts';
import { deploymentEnded, stepEnded, stepStarted } from '../record/steps.ts';
import { updateReport } from '../store/store.ts';
import type { Evidence } from './evidence.ts';
import { refuseWithoutEvidence } from './failure.ts';

export type Writer = {
  path: string;
  actor: string;
  /** The report as this command found it. */
  found: ReportRecord;
  /** Whether this command makes the deployment that the report is about. */
  deploys: boolean;
  note(line: string): void;
};

type Change = (record: ReportRecord) => ReportRecord;

/** The evidence that goes into a report's file. */
export function reportEvidence({ path, actor, found, deploys, note }: Writer): Evidence {
  const moment = () => ({ at: now(), actor });
  let known = found;

  async function record(change: Change): Promise<void> {
    try {
      known = await updateReport(path, change);
    } catch (error) {
      note(`warning: not in the evidence report ${path}: ${cleanLine(errorMessage(error), 300)}`);
    }
  }

  async function begin(change: Change): Promise<void> {
    if (!deploys) return record(change);
    known = await updateReport(path, change).catch((error: unknown) => refuseWithoutEvidence(path, error));
  }

  async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedAt = now();
    // A clock that is set in between must not make a step take hours, or less than nothing.
    const startedMs = performance.now();
    const end = (failure?: string): Change => {
      const durationMs = Math.round(performance.now() - startedMs);
      const ended = { name, startedAt, endedAt: now(), durationMs, failure };
      return (current) => {
        const next = stepEnded(current, ended);
        return deploys && failure !== undefined ? deploymentEnded(next, name) : next;
      };
    };
    await begin((current) => stepStarted(current, name, startedAt));
    try {
      const result = await work();
      await record(end());
      return result;
    } catch (error) {
      await record(end(errorMessage(error)));
      throw error;
    }
  }

  return {
    path,
    step,
    foundServing: (shares, stable) => record((current) => servingFound(current, shares, stable)),
    gates: ({ results, leftOut }) =>
      record((current) =>
        gatesRun(current, { results: gateEntries(results), extent: leftOut.length > 0 ? 'partial' : 'all' }),
      ),
    gatesSkipped: () => record((current) => gatesRun(current, { results: [], extent: 'skipped' })),
    deployed: (deployment, stable) => record((current) => deployed(current, deployment, stable)),
    digestResolved: (digest) => record((current) => digestResolved(current, digest)),
    trafficChanged: (change, stable) => {
      const when = moment();
      return record((current) => trafficChanged(current, change, stable, when));
    },
    smoked: async (outcome) => {
      // Somebody may have shifted traffic while the checks ran: what is known here is from before they began.
      const metChange = lastChange(known);
      await record((current) => smoked(current, outcome, { actor, metChange }));
      if (!isOwnUrl(known, outcome.baseUrl)) {
        note(`${outcome.baseUrl} is not one of the service's own URLs: this run does not count in ${path}`);
      }
    },
    maintenanceChanged: (outcome, stable) => {
      const when = moment();
      return record((current) => maintenanceChanged(current, outcome, stable, when));
    },
    domainMapping: (mapping) => record((current) => domainMappingSeen(current, mapping)),
    reachedAt: (...urls) => record((current) => reachedAt(current, urls)),
    tagsReachedAt: (...urls) => record((current) => tagsReachedAt(current, urls)),
    matrix: (matrix) => {
      const at = now();
      return record((current) => matrixRun(current, { at, ...matrix }));
    },
  };
}

function now(): string {
  return new Date().toISOString();
}
