import type { ReportRecord, StepEntry } from './schema.ts';

/** A step that begins; it stays `started` for ever when the command is killed in it. */
export function stepStarted(record: ReportRecord, name: string, at: string): ReportRecord {
  return { ...record, steps: [...record.steps, { name, state: 'started', startedAt: at }] };
}

export type StepEnd = {
  name: string;
  startedAt: string;
  endedAt: string;
  durationMs: number;
  failure: string | undefined;
};

/** A step that ended, found by its name and when it began. */
export function stepEnded(
  record: ReportRecord,
  { name, startedAt, endedAt, durationMs, failure }: StepEnd,
): ReportRecord {
  const isIt = (step: StepEntry): boolean =>
    step.name === name && step.startedAt === startedAt && step.state === 'started';
  const ended: StepEntry = {
    name,
    state: failure === undefined ? 'done' : 'failed',
    startedAt,
    endedAt,
    durationMs,
    ...(failure === undefined ? {} : { detail: failure }),
  };
  const index = record.steps.findIndex(isIt);
  const steps = index === -1 ? [...record.steps, ended] : record.steps.with(index, ended);
  return { ...record, steps };
}

/** A deployment that ended in a failed step: before `deploy`, nothing in the cloud had been touched. */
export function deploymentEnded(record: ReportRecord, failedStep: string): ReportRecord {
  return { ...record, state: failedStep === 'deploy' ? 'failed' : 'stopped' };
}
