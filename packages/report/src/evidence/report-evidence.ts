import { changesSent, cleanLine, errorMessage, Interrupted } from '@deploy/cli';
import type { Share } from '@deploy/cloudrun';
import { applyEvent } from '../record/apply-event.ts';
import { isOwnUrl } from '../record/base-url.ts';
import type { ReportRecord } from '../record/schema.ts';
import { lastChange } from '../record/split.ts';
import { updateReport } from '../store/store.ts';
import type { Evidence } from './evidence.ts';
import { refuseWithoutEvidence } from './failure.ts';
import type { RolloutEvent } from './rollout-event.ts';

type Writer = {
  path: string;
  actor: string;
  /** The report as this command found it. */
  found: ReportRecord;
  /** Whether this command makes the deployment that the report describes. */
  deploys: boolean;
  note(line: string): void;
};

/** Evidence that is recorded in a report's file. */
export function reportEvidence({ path, actor, found, deploys, note }: Writer): Evidence {
  let known = found;

  async function write(events: readonly RolloutEvent[]): Promise<void> {
    if (events.length === 0) return;
    // Somebody may shift traffic while a smoke check runs, but the check counts for the split that was there when it
    // began. That is the last split in `known`, which was read before the check.
    const occasion = { at: now(), actor, metChange: lastChange(known) };
    known = await updateReport(path, (record) =>
      events.reduce((changed, event) => applyEvent(changed, event, occasion), record),
    );
  }

  async function record(...events: readonly RolloutEvent[]): Promise<void> {
    try {
      await write(events);
    } catch (error) {
      note(`warning: not recorded in the evidence report ${path}: ${cleanLine(errorMessage(error), 300)}`);
      return;
    }
    for (const event of events) {
      // No note if the caller names the revision: such a caller smokes a tag's URL on purpose.
      if (event.kind !== 'smoked' || event.revision !== undefined || isOwnUrl(known, event.outcome.baseUrl))
        continue;
      note(
        `${event.outcome.baseUrl} is not one of the service's own URLs: this run does not count in ${path}`,
      );
    }
  }

  async function step<T>(name: string, work: () => Promise<T>, asked?: readonly Share[]): Promise<T> {
    const startedAt = now();
    // A monotonic clock, so that durations stay right even if somebody sets the machine's time during a step.
    const startedMs = performance.now();
    const sentBefore = changesSent();
    const ended = (failure?: string, interrupted = false): RolloutEvent => {
      const durationMs = Math.round(performance.now() - startedMs);
      // `refused` excuses a failure that changed nothing. A deployment gets no such excuse: once a step fails, the
      // deployment has failed.
      const refused = failure !== undefined && !deploys && changesSent() === sentBefore;
      const how = { failure, ...(interrupted && { interrupted }), ...(refused && { refused }) };
      return { kind: 'ended', step: name, startedAt, endedAt: now(), durationMs, deploys, ...how };
    };
    const begun = { kind: 'begun', step: name, startedAt, ...(asked && { asked }) } as const;
    if (deploys) await write([begun]).catch((error: unknown) => refuseWithoutEvidence(path, error));
    else await record(begun);
    try {
      const result = await work();
      await record(ended());
      return result;
    } catch (error) {
      await record(ended(errorMessage(error), error instanceof Interrupted));
      throw error;
    }
  }

  return { path, step, record };
}

function now(): string {
  return new Date().toISOString();
}
