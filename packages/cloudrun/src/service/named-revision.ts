import { suggestWord, UserError } from '@deploy/cli';
import { CloudError } from '../google/cloud-error.ts';
import type { ServiceApi } from './api.ts';
import type { Revision, RunningRevision, Service } from './service.ts';
import { describeShares, servedShares } from './traffic.ts';

/**
 * Reads a revision that a person has named. If it does not exist, throws a UserError that suggests a similar name, if
 * there is one.
 */
export async function readNamedRevision(api: ServiceApi, name: string, service: Service): Promise<Revision> {
  try {
    return await api.readRevision(name);
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind !== 'not-found') throw error;
    const near = await nearestRevision(api, name);
    const advice =
      near === undefined ? `Its traffic: ${describeShares(servedShares(service))}.` : `Did you mean ${near}?`;
    throw new UserError(`service ${service.name} has no revision ${name}`, {
      hint: `${advice} Nothing was changed.`,
      cause: error,
    });
  }
}

const MOST_SLIPS = 2;

/** The revision that was probably meant; undefined when no name is similar, or when the revisions cannot be listed. */
export async function nearestRevision(api: ServiceApi, given: string): Promise<string | undefined> {
  const names: string[] = [];
  try {
    for await (const { name } of api.revisions()) names.push(name);
  } catch (error) {
    if (error instanceof CloudError) return undefined;
    throw error;
  }
  return suggestWord(given, names, MOST_SLIPS);
}

/** Reads a revision; undefined if it was deleted. */
export async function readRevisionIfThere(api: ServiceApi, name: string): Promise<Revision | undefined> {
  return unlessDeleted(api.readRevision(name));
}

/**
 * Reads a revision and what it really runs; undefined if it was deleted, by a person or by Cloud Run, which keeps only
 * the newest thousand.
 */
export async function readRunningIfThere(
  api: ServiceApi,
  name: string,
): Promise<RunningRevision | undefined> {
  return unlessDeleted(api.readRunningRevision(name));
}

async function unlessDeleted<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof CloudError && error.kind === 'not-found') return undefined;
    throw error;
  }
}
