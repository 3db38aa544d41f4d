import type { ExecutionSeed, JobSeed } from '../options.ts';
import { notFound } from '../protocol/errors.ts';
import { type ConditionJson, type ContainerJson, condition, shortName } from '../service/resources.ts';
import { newEtag } from '../service/revisions.ts';

/** Jobs and their executions in the JSON of Admin API v2. Only the fields that the emulator uses are listed. */
type TaskTemplateJson = { [key: string]: unknown; containers: ContainerJson[] };

type JobConditionJson = ConditionJson & { executionReason?: string };

type ExecutionJson = {
  [key: string]: unknown;
  name: string;
  job: string;
  createTime: string;
  template: TaskTemplateJson;
  conditions: JobConditionJson[];
  reconciling: boolean;
};

type JobJson = {
  [key: string]: unknown;
  name: string;
  template: { [key: string]: unknown; template: TaskTemplateJson };
  executionCount: number;
  reconciling: boolean;
};

export type JobStore = {
  list(): JobJson[];
  read(job: string): JobJson;
  /** In the order in which they were seeded or added, not sorted by time, because the API promises no order. */
  executions(job: string): ExecutionJson[];
  execution(job: string, execution: string): ExecutionJson;
  addExecution(job: string, seed: ExecutionSeed): void;
};

type StoredJob = { name: string; image: string; createTime: string; executions: ExecutionJson[] };

/** The jobs of one location, `projects/…/locations/…`. */
export function createJobStore(parent: string, seeds: readonly JobSeed[]): JobStore {
  const jobs = new Map<string, StoredJob>();
  const find = (name: string): StoredJob => {
    const job = jobs.get(name);
    if (job === undefined) throw notFound(`${parent}/jobs/${name}`);
    return job;
  };
  const addExecution = (name: string, seed: ExecutionSeed): void => {
    const job = find(name);
    job.executions.push(executionOf(`${parent}/jobs/${name}`, job, seed));
  };
  for (const { name, image, executions = [] } of seeds) {
    jobs.set(name, { name, image, createTime: new Date().toISOString(), executions: [] });
    for (const execution of executions) addExecution(name, execution);
  }
  return {
    list: () => [...jobs.values()].map((job) => jobJson(parent, job)),
    read: (name) => jobJson(parent, find(name)),
    executions: (name) => structuredClone(find(name).executions),
    execution(name, execution) {
      const found = find(name).executions.find((each) => shortName(each.name) === execution);
      if (found === undefined) throw notFound(`${parent}/jobs/${name}/executions/${execution}`);
      return structuredClone(found);
    },
    addExecution,
  };
}

function jobJson(parent: string, { name, image, createTime, executions }: StoredJob): JobJson {
  const newest = executions.toSorted((a, b) => Date.parse(a.createTime) - Date.parse(b.createTime)).at(-1);
  const ready = condition('Ready', 'CONDITION_SUCCEEDED');
  return {
    name: `${parent}/jobs/${name}`,
    generation: '1',
    observedGeneration: '1',
    createTime,
    updateTime: createTime,
    template: { taskCount: 1, template: { containers: [{ image }] } },
    terminalCondition: ready,
    conditions: [ready],
    executionCount: executions.length,
    ...(newest && {
      latestCreatedExecution: { name: shortName(newest.name), createTime: newest.createTime },
    }),
    reconciling: false,
    etag: newEtag(),
  };
}

function executionOf(jobName: string, job: StoredJob, seed: ExecutionSeed): ExecutionJson {
  const { state = 'succeeded', image = job.image, createTime = new Date().toISOString() } = seed;
  const name = seed.name ?? `${job.name}-${crypto.randomUUID().slice(0, 5)}`;
  const completed = completion(state);
  return {
    name: `${jobName}/executions/${name}`,
    uid: crypto.randomUUID(),
    generation: '1',
    observedGeneration: '1',
    job: job.name,
    createTime,
    startTime: createTime,
    updateTime: createTime,
    ...(state !== 'running' && { completionTime: createTime }),
    taskCount: 1,
    parallelism: 1,
    template: { containers: [{ image }], maxRetries: 0 },
    conditions: [completed],
    reconciling: state === 'running',
    ...COUNTS[state],
    etag: newEtag(),
  };
}

const COUNTS = {
  succeeded: { succeededCount: 1 },
  failed: { failedCount: 1 },
  cancelled: { cancelledCount: 1 },
  running: { runningCount: 1 },
};

// An execution is finished when its condition `Completed` says so, as in recorded executions:
// https://github.com/GoogleCloudPlatform/workflows-demos/issues/40. The reasons are those of Condition.ExecutionReason
// in google/cloud/run/v2/condition.proto.
function completion(state: NonNullable<ExecutionSeed['state']>): JobConditionJson {
  switch (state) {
    case 'succeeded':
      return condition('Completed', 'CONDITION_SUCCEEDED');
    case 'failed':
      return {
        ...condition('Completed', 'CONDITION_FAILED', {
          message: 'The task 0 failed: the container exited with an error.',
        }),
        executionReason: 'NON_ZERO_EXIT_CODE',
      };
    case 'cancelled':
      return {
        ...condition('Completed', 'CONDITION_FAILED', { message: 'The execution was cancelled.' }),
        executionReason: 'CANCELLED',
      };
    case 'running':
      return condition('Completed', 'CONDITION_RECONCILING', { message: 'The execution is running.' });
  }
}
