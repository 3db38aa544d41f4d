import type { Execution, Job } from './jobs.ts';
import { isSameImage } from './registry/image-reference.ts';
import { reasonAndMessage, type Service } from './service/service.ts';

/** What a service runs, what its migration job would run, and what that job ran last. */
export type MigrationState = {
  service: Pick<Service, 'name' | 'image'>;
  job: Job;
  /** Undefined if the job has never run. */
  execution: Execution | undefined;
  /** The image that the service should run, if EXPECTED_IMAGE names one. */
  expectedImage: string | undefined;
};

/**
 * The disagreements between service, job and execution, each as a sentence that names both sides. Empty when the
 * migrations of the service's image have run successfully.
 */
export function migrationDrift({ service, job, execution, expectedImage }: MigrationState): string[] {
  const serviceSide = side(`service ${service.name}`, service.image);
  const findings: string[] = [];
  const compare = (one: Side, other: Side): void => {
    // Two unknown images do not count as the same.
    if (other.image === '' || !isSameImage(one.image, other.image)) {
      findings.push(`${one.what} runs ${one.shown}, but ${other.what} runs ${other.shown}`);
    }
  };
  if (expectedImage !== undefined && !isSameImage(service.image, expectedImage)) {
    findings.push(`${serviceSide.what} runs ${serviceSide.shown}, but EXPECTED_IMAGE is ${expectedImage}`);
  }
  compare(serviceSide, side(`job ${job.name}`, job.image));
  if (execution === undefined) {
    findings.push(
      `job ${job.name} has never been executed, so nothing has been migrated for ${service.name}`,
    );
    return findings;
  }
  compare(serviceSide, side(`its newest execution ${execution.name}`, execution.image));
  const { state } = execution.completed;
  if (state !== 'succeeded') {
    const why = reasonAndMessage(execution.completed);
    findings.push(
      `execution ${execution.name} of ${execution.createTime} should have succeeded, but is ${WORDS[state]}${why === '' ? '' : ` (${why})`}`,
    );
  }
  return findings;
}

const WORDS = {
  pending: 'still waiting to start',
  reconciling: 'still running',
  failed: 'failed',
  unknown: 'in an unknown state',
};

type Side = { what: string; image: string; shown: string };

function side(what: string, image: string): Side {
  return { what, image, shown: image === '' ? 'an unknown image' : image };
}
