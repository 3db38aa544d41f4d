import type { RolloutEvent } from '../evidence/rollout-event.ts';
import type { ReportRecord, StepEntry } from './schema.ts';

type Begun = Extract<RolloutEvent, { kind: 'begun' }>;
type Ended = Extract<RolloutEvent, { kind: 'ended' }>;

/** A step that begins; it stays `started` for ever when the command is killed in it. */
export function stepBegun(record: ReportRecord, { step: name, startedAt }: Begun): ReportRecord {
  return { ...record, steps: [...record.steps, { name, state: 'started', startedAt }] };
}

/** A step that ended, found by its name and when it began. When a deployment's step failed, the deployment ended too. */
export function stepEnded(record: ReportRecord, ended: Ended): ReportRecord {
  const { step: name, startedAt, endedAt, durationMs, failure, deploys } = ended;
  const isIt = (step: StepEntry): boolean =>
    step.name === name && step.startedAt === startedAt && step.state === 'started';
  const entry: StepEntry = {
    name,
    state: failure === undefined ? 'done' : 'failed',
    startedAt,
    endedAt,
    durationMs,
    ...(failure === undefined ? {} : { detail: failure }),
  };
  const index = record.steps.findIndex(isIt);
  const steps = index === -1 ? [...record.steps, entry] : record.steps.with(index, entry);
  // Before `deploy`, nothing in the cloud had been touched.
  const state = name === 'deploy' ? 'failed' : 'stopped';
  return { ...record, steps, ...(deploys && failure !== undefined ? { state } : {}) };
}
