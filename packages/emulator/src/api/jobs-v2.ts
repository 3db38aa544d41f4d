import type { JobStore } from '../jobs/store.ts';
import { encode } from '../protocol/descriptors.ts';
import { notFound } from '../protocol/errors.ts';
import type { Guard } from './access.ts';
import { type Call, param, type Routes, wantsNumericEnums } from './call.ts';
import { askedPage, PAGE_SIZE, pageOf } from './pages.ts';

const JOB = 'google.cloud.run.v2.Job';
const EXECUTION = 'google.cloud.run.v2.Execution';
const JOBS = '/v2/projects/:project/locations/:location/jobs';

/** The calls that read jobs and executions, mapped to HTTP as in google/cloud/run/v2/job.proto and execution.proto. */
export function jobRoutes(store: JobStore, guard: Guard, { region }: { region: string }): Routes {
  const authorize = (call: Call, permission: string): void => {
    const location = `projects/${param(call, 'project')}/locations/${param(call, 'location')}`;
    guard.require(permission, param(call, 'project'), location);
  };
  const jobOf = (call: Call): string => {
    const name = param(call, 'job');
    if (param(call, 'location') !== region) throw notFound(`${name} in ${param(call, 'location')}`);
    return name;
  };

  return [
    {
      method: 'GET',
      path: JOBS,
      handle(call) {
        authorize(call, 'run.jobs.list');
        const { items, ...rest } = pageOf(
          param(call, 'location') === region ? store.list() : [],
          askedPage(call),
          PAGE_SIZE,
        );
        return { jobs: items.map((job) => encode(JOB, job, wantsNumericEnums(call))), ...rest };
      },
    },
    {
      method: 'GET',
      path: `${JOBS}/:job`,
      handle(call) {
        authorize(call, 'run.jobs.get');
        return encode(JOB, store.read(jobOf(call)), wantsNumericEnums(call));
      },
    },
    {
      method: 'GET',
      path: `${JOBS}/:job/executions`,
      handle(call) {
        authorize(call, 'run.executions.list');
        const { items, ...rest } = pageOf(store.executions(jobOf(call)), askedPage(call), PAGE_SIZE);
        return {
          executions: items.map((execution) => encode(EXECUTION, execution, wantsNumericEnums(call))),
          ...rest,
        };
      },
    },
    {
      method: 'GET',
      path: `${JOBS}/:job/executions/:execution`,
      handle(call) {
        authorize(call, 'run.executions.get');
        const execution = store.execution(jobOf(call), param(call, 'execution'));
        return encode(EXECUTION, execution, wantsNumericEnums(call));
      },
    },
  ];
}
