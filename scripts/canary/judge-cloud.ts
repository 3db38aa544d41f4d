import { type JudgedRevisions, judgeLastWindow, type WindowVerdict } from '@deploy/canary';
import {
  metricFilter,
  type OpenedSource,
  openObservationSource,
  requestLogFilter,
  type SourceChoice,
} from '@deploy/canary/cloud';
import type { Limits } from '@deploy/canary/verdict';
import { type Environment, isWatched, type NextStep, type Output, showNext, UserError } from '@deploy/cli';
import {
  CloudError,
  type Connection,
  type ConnectionSettings,
  connectTo,
  findLocation,
  gcloudCommands,
  logReadCommand,
  nearestRevision,
  openServiceApi,
  type Revision,
  type ServiceLocation,
  servedShares,
  serviceCommand,
} from '@deploy/cloudrun';
import { EXIT_CODES, isForPeople, renderVerdict } from './print.ts';
import { limitsOf } from './settings.ts';

export type JudgeCloudRequest = Limits &
  ConnectionSettings & {
    stable: string;
    canary: string;
    project: string | undefined;
    region: string;
    service: string;
    source: SourceChoice;
    steps: readonly number[];
    windowMinutes: number;
    canaryFormat: 'auto' | 'text' | 'json';
    dryRun: boolean;
    env: Environment;
    out: Output;
    signal: AbortSignal;
  };

/**
 * Judges the last window of two revisions and prints the verdict; changes nothing. Returns the exit code. Throws a
 * UserError with exit code 2 for a revision that does not exist, and with exit code 3 when Cloud Run cannot be read,
 * because 1 would mean that the candidate is unhealthy.
 */
export async function judgeCloud(request: JudgeCloudRequest): Promise<number> {
  const { stable, canary, dryRun, out, canaryFormat } = request;
  const location = await findLocation(request, request.signal);
  const connection = connectTo(request, request.env, request.signal);
  if (dryRun) {
    for (const line of whatIsRead(request, location)) out.data(`+ ${line}`);
    return 0;
  }
  const revisions = await lookAt(request, connection, location);
  const source = await openObservationSource(connection, location, {
    source: request.source,
    ...{ stable, canary },
    habit: { polls: 1, minutesAtOnce: request.windowMinutes },
    patience: 'a minute',
  });
  const verdict = await judgeLastWindow(source, revisions, { ...request, limits: limitsOf(request) });
  const shown = { ...verdict, stable, canary, canaryPercent: revisions.canaryPercent };
  if (isForPeople(canaryFormat)) {
    out.data(`${headline(request, shown, source)}\n\n${await renderVerdict(verdict)}`);
    if (verdict.hint !== undefined) out.note(verdict.hint);
    if (isWatched(request.env)) showNext({ out }, nextOf(verdict, request, location));
  } else out.data(JSON.stringify({ ...shown, source: { name: source.name, why: source.why } }));
  return EXIT_CODES[verdict.verdict];
}

function nextOf(
  { verdict, hint }: Pick<WindowVerdict, 'verdict' | 'hint'>,
  { stable, canary }: JudgeCloudRequest,
  location: ServiceLocation,
): NextStep[] {
  const call = (says: string, ...args: string[]): NextStep => ({
    says,
    command: serviceCommand(location, 'canary-rollout', args),
  });
  switch (verdict) {
    case 'healthy':
      return [call('next, to see how the service stands and how to go on', 'status')];
    case 'unhealthy':
      return [call('next, to roll it back', 'rollback', stable)];
    case 'inconclusive':
      return [
        call(
          hint === undefined ? 'next, once there have been more requests' : 'next, once that is done',
          ...['judge', stable, canary],
        ),
      ];
  }
}

/** The service and both revisions, as they are on Cloud Run now. */
async function lookAt(
  request: JudgeCloudRequest,
  connection: Connection,
  location: ServiceLocation,
): Promise<JudgedRevisions> {
  const api = await openServiceApi(connection, location);
  const service = await asArgument(() => api.read());
  const [stable, canary] = await Promise.all([
    readRevision(request.stable, '<stable>'),
    readRevision(request.canary, '<canary>'),
  ]);
  const share = servedShares(service).find(({ revision }) => revision === request.canary);
  const { state } = canary.ready;
  return {
    ...{ stable: stable.name, canary: canary.name },
    canaryPercent: share?.percent ?? 0,
    canaryMadeAt: new Date(canary.createTime),
    isCanaryReady: state === 'succeeded' ? true : state === 'failed' ? false : undefined,
    affinity: [stable, canary].every(({ template }) => template.sessionAffinity === true),
  };

  function readRevision(name: string, argument: string): Promise<Revision> {
    const { project, region, service: of } = location;
    return asArgument(
      () => api.readRevision(name),
      async () => {
        const near = await nearestRevision(api, name);
        const all = `Its revisions: gcloud run revisions list --service ${of} --project ${project} --region ${region}`;
        return {
          message: `${argument} is ${name}, and service ${of} in ${region} has no such revision`,
          hint: near === undefined ? all : `Did you mean ${near}?\n${all}`,
        };
      },
    );
  }
}

/**
 * Reads a service or revision that the operator named. If it does not exist, the name was wrong: exit code 2. Any other
 * failure says nothing about the candidate: exit code 3.
 */
async function asArgument<T>(
  read: () => Promise<T>,
  refusal?: () => Promise<{ message: string; hint: string }>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const isMissing = error instanceof CloudError && error.kind === 'not-found';
    const { message, hint } = isMissing && refusal ? await refusal() : error;
    throw new UserError(message, {
      ...(hint !== undefined && { hint }),
      exitCode: isMissing ? 2 : 3,
      cause: error,
    });
  }
}

/**
 * For a dry run: the gcloud commands and API requests that read what a real run reads. Only their window differs: a
 * real run's window ends earlier, by the delay of the source.
 */
function whatIsRead(request: JudgeCloudRequest, location: ServiceLocation): string[] {
  const { stable, canary, windowMinutes, source } = request;
  const to = new Date();
  const query = { stable, canary, to, from: new Date(to.getTime() - windowMinutes * 60_000) };
  const metrics = (['request_count', 'request_latencies'] as const).map(
    (metric) =>
      `GET https://monitoring.googleapis.com/v3/projects/${location.project}/timeSeries with filter ${metricFilter(metric, location, query)}`,
  );
  const logs = logReadCommand(location.project, {
    filter: requestLogFilter(location, query),
    limit: 1000,
  });
  return [
    gcloudCommands.canaryStatus(location),
    gcloudCommands.describeRevision(location, stable),
    gcloudCommands.describeRevision(location, canary),
    ...(source === 'logs' ? [] : metrics),
    ...(source === 'monitoring' ? [] : [logs]),
  ];
}

function headline(
  { stable, canary }: JudgeCloudRequest,
  verdict: WindowVerdict & { canaryPercent: number },
  { name, why }: OpenedSource,
): string {
  const { window, historyMinutes, historyUnreadable } = verdict;
  const [from, to] = [window.from, window.to].map((at) => at.toISOString().slice(11, 16));
  const history =
    historyUnreadable ?? (historyMinutes === 0 ? 'none' : `${historyMinutes} minutes with requests`);
  return [
    `candidate ${canary} (${verdict.canaryPercent} % of the traffic), stable ${stable}`,
    `from ${from} to ${to} UTC, from ${name === 'logs' ? 'the request logs' : 'Cloud Monitoring'} (${why})`,
    `stable's history before: ${history}`,
  ].join('\n');
}
