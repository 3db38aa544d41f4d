import type { protos } from '@google-cloud/run';
import { repeatableCall } from './google/call.ts';
import type { Connection } from './google/connection.ts';
import { fetchOver } from './google/http-fetch.ts';
import { sendWithLogin } from './google/login.ts';
import { requireAnswerOfApi } from './google/other-answers.ts';
import { googleRest } from './google/rest.ts';
import { type ApiCondition, type Condition, readCondition, shortName } from './service/service.ts';
import type { ServiceLocation } from './service-location.ts';

/** The project and region of jobs. */
export type Place = Omit<ServiceLocation, 'service'>;

/** A job, as its next execution would run it. */
export type Job = { name: string; image: string };

/** One execution of a job, finished or still running. */
export type Execution = {
  name: string;
  /** The image that it ran. The job may have been changed since. */
  image: string;
  /** RFC 3339. */
  createTime: string;
  /**
   * The condition of type `Completed`, which tells whether the execution has succeeded:
   * https://cloud.google.com/run/docs/reference/rest/v2/Condition
   */
  completed: Condition;
};

/** The calls about jobs. They only read. Each throws a CloudError when it fails. */
export type JobApi = {
  readJob(job: string): Promise<Job>;
  newestExecution(job: string): Promise<Execution | undefined>;
};

const READ_TIMEOUT_MS = 10_000;

/** Opens the API for the jobs of one region. Google's client library is loaded only here, when it is needed. */
export async function openJobApi(connection: Connection, place: Place): Promise<JobApi> {
  const [{ v2 }, options] = await Promise.all([import('@google-cloud/run'), clientOptions(connection)]);
  const jobs = new v2.JobsClient(options);
  const executions = new v2.ExecutionsClient(options);
  const call = { timeout: READ_TIMEOUT_MS, retry: null };
  const nameOf = (job: string) => `projects/${place.project}/locations/${place.region}/jobs/${job}`;
  const about = (doing: string, job: string) => ({ doing, location: { ...place, service: job } });

  return {
    readJob: (job) =>
      repeatableCall(about(`reading job ${job}`, job), async () => {
        const [found] = await jobs.getJob({ name: nameOf(job) }, call);
        return { name: job, image: imageOf(found.template?.template) };
      }),

    newestExecution: (job) =>
      repeatableCall(about(`listing the executions of job ${job}`, job), async () => {
        // Read all pages, because the API promises no order: the newest execution may be on any of them.
        const [all] = await executions.listExecutions({ parent: nameOf(job) }, call);
        return newest(all.map(readExecution));
      }),
  };
}

function newest(executions: readonly Execution[]): Execution | undefined {
  return executions.toSorted((a, b) => Date.parse(a.createTime) - Date.parse(b.createTime)).at(-1);
}

function readExecution(execution: protos.google.cloud.run.v2.IExecution): Execution {
  const completed = execution.conditions?.find(({ type }) => type === 'Completed');
  return {
    name: shortName(execution.name) ?? '',
    image: imageOf(execution.template),
    createTime: readTime(execution.createTime),
    completed: readCondition(completed as ApiCondition | undefined),
  };
}

function imageOf(template: protos.google.cloud.run.v2.ITaskTemplate | null | undefined): string {
  return template?.containers?.[0]?.image ?? '';
}

/** Converts a time from the vendor's client to RFC 3339. */
function readTime(time: protos.google.protobuf.ITimestamp | null | undefined): string {
  return new Date(Number(time?.seconds ?? 0) * 1000 + Number(time?.nanos ?? 0) / 1e6).toISOString();
}

/**
 * Options that make Google's client libraries use REST and send every request through this connection, to Google or to
 * the emulator. Without them, google-gax sets an agent of its own, and gaxios then ignores every proxy.
 */
async function clientOptions(connection: Connection) {
  const { PassThroughClient } = await import('google-auth-library');
  const { http, login } = googleRest(connection);
  const fetchImplementation = fetchOver(http, async (url, send) => {
    const answer = await sendWithLogin(login, url, send);
    requireAnswerOfApi(answer);
    return answer;
  });
  const authClient = new PassThroughClient({ transporterOptions: { fetchImplementation } });
  return { fallback: true, authClient, ...endpoint(connection.emulatorHost) };
}

function endpoint(emulatorHost: string | undefined) {
  if (emulatorHost === undefined) return {};
  const { hostname, port } = new URL(`http://${emulatorHost}`);
  return { protocol: 'http', apiEndpoint: hostname, port: Number(port || 80) };
}
