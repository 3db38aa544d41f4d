import type { EventOf, Occasion } from '../evidence/rollout-event.ts';
import type { ReportRecord, StepEntry } from './schema.ts';
import { lastChange } from './split.ts';

/** A step that begins. It stays `started` for ever if the command is killed during it. */
export function stepBegun(
  record: ReportRecord,
  { step: name, startedAt, asked }: EventOf<'begun'>,
  { metChange }: Occasion,
): ReportRecord {
  const entry: StepEntry = {
    name,
    state: 'started',
    startedAt,
    metChange,
    ...(asked === undefined ? {} : { asked: [...asked] }),
  };
  return { ...record, steps: [...record.steps, entry] };
}

/**
 * Whether the split that serves may differ from the recorded one although nobody else changed it. It may if a command
 * of this rollout was killed or interrupted at a point where it might already have moved traffic, and no other change
 * has been recorded since.
 */
export function splitInDoubt(record: ReportRecord): boolean {
  const { steps, trafficChanges, promotions = [] } = record;
  const last = lastChange(record);
  const isStep = steps.some(
    (step) =>
      (step.state === 'started' || step.interrupted === true) &&
      step.metChange === last &&
      movesTraffic(step),
  );
  const promotion = promotions.at(-1);
  const isPromotion =
    promotion?.metChange !== undefined &&
    promotion.ended === undefined &&
    (promotion.metChange === last || trafficChanges.at(-1)?.byPromotion === true);
  return isStep || isPromotion;
}

function movesTraffic({ name, asked }: StepEntry): boolean {
  return asked !== undefined || name.startsWith('maintenance-mode ');
}

/** Ends the step with this name and start time. If a step of a deployment failed, the deployment ends too. */
export function stepEnded(record: ReportRecord, ended: EventOf<'ended'>): ReportRecord {
  const { step: name, startedAt, endedAt, durationMs, failure, interrupted, refused, deploys } = ended;
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
    ...(interrupted === true ? { interrupted } : {}),
    ...(refused === true ? { refused } : {}),
  };
  const steps = index === -1 ? [...record.steps, entry] : record.steps.with(index, entry);
  // A deployment that fails before `deploy` has changed nothing in the cloud, and counts as stopped.
  const state = name === 'deploy' ? 'failed' : 'stopped';
  return { ...record, steps, ...(deploys && failure !== undefined ? { state } : {}) };
}
