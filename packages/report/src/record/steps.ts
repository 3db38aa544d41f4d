import type { Share } from '@deploy/cloudrun';
import type { Occasion, RolloutEvent } from '../evidence/rollout-event.ts';
import type { ReportRecord, StepEntry } from './schema.ts';
import { lastChange } from './split.ts';

type Begun = Extract<RolloutEvent, { kind: 'begun' }>;
type Ended = Extract<RolloutEvent, { kind: 'ended' }>;

/** A step that begins; it stays `started` for ever when the command is killed in it. */
export function stepBegun(
  record: ReportRecord,
  { step: name, startedAt, asked }: Begun,
  { metChange }: Occasion,
): ReportRecord {
  const entry: StepEntry = {
    name,
    state: 'started',
    startedAt,
    ...(asked === undefined ? {} : { asked: [...asked], metChange }),
  };
  return { ...record, steps: [...record.steps, entry] };
}

/** The split that an interrupted step asked for since the last traffic change: it may serve, or the one before may. */
export function splitInDoubt(record: ReportRecord): Share[] | undefined {
  return record.steps.findLast(
    ({ state, metChange }) => state === 'started' && metChange === lastChange(record),
  )?.asked;
}

/** A step that ended, found by its name and when it began. When a deployment's step failed, the deployment ended too. */
export function stepEnded(record: ReportRecord, ended: Ended): ReportRecord {
  const { step: name, startedAt, endedAt, durationMs, failure, deploys } = ended;
  const isIt = (step: StepEntry): boolean =>
    step.name === name && step.startedAt === startedAt && step.state === 'started';
  const index = record.steps.findIndex(isIt);
  const entry: StepEntry = {
    ...record.steps[index],
    name,
    state: failure === undefined ? 'done' : 'failed',
    startedAt,
    endedAt,
    durationMs,
    ...(failure === undefined ? {} : { detail: failure }),
  };
  const steps = index === -1 ? [...record.steps, entry] : record.steps.with(index, entry);
  // Before `deploy`, nothing in the cloud had been touched.
  const state = name === 'deploy' ? 'failed' : 'stopped';
  return { ...record, steps, ...(deploys && failure !== undefined ? { state } : {}) };
}
