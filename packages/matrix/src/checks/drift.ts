import { interruptible } from '@deploy/cli';
import {
  type Connection,
  migrationDrift,
  openJobApi,
  openServiceApi,
  type ServiceLocation,
} from '@deploy/cloudrun';
import type { CheckWork } from '../check.ts';
import { cloudCheck } from './cloud-check.ts';

/** Compares a service with the job that migrates its store, and with that job's last execution. */
export function driftWork(request: {
  connection: Connection;
  location: ServiceLocation;
  job: string;
  expectedImage: string | undefined;
}): CheckWork {
  const { connection, location, job: jobName, expectedImage } = request;
  return cloudCheck('RUNTIME_SERVICE and MIGRATE_JOB', async (log, signal) => {
    log.line(
      `asked: service ${location.service}, job ${jobName} and its executions, in ${location.region} of ${location.project}`,
    );
    const [services, jobs] = await Promise.all([
      openServiceApi(connection, location),
      openJobApi(connection, location),
    ]);
    const [service, job, execution] = await interruptible(signal, () =>
      Promise.all([services.read(), jobs.readJob(jobName), jobs.newestExecution(jobName)]),
    );
    log.line(
      `- service ${service.name}: image ${service.image} (changed ${service.updateTime} by ${service.lastModifier})`,
    );
    log.line(`- job ${job.name}: image ${job.image}`);
    log.line(
      execution === undefined
        ? '- executions: none'
        : `- newest execution ${execution.name} of ${execution.createTime}: image ${execution.image}, ${execution.completed.state}`,
    );
    if (expectedImage !== undefined) log.line(`- EXPECTED_IMAGE: ${expectedImage}`);
    const findings = migrationDrift({ service, job, execution, expectedImage });
    for (const finding of findings) log.line(`drift: ${finding}`);
    return findings.length === 0
      ? { passed: true, conclusion: `all three run ${service.image}, and ${execution?.name} has succeeded` }
      : { passed: false, conclusion: findings.join('; ') };
  });
}
