import { setTimeout as pause } from 'node:timers/promises';
import type { Service } from '@deploy/cloudrun';
import type { WalkRequest } from './request.ts';

/** The revision that had the candidate's tag until now, and the build that answered at the tag's URL then, if any. */
export type EarlierCandidate = { readonly revision: string; readonly buildId: string | undefined };

/** Finds the revision from which this promotion takes the tag; undefined if no other revision has it. */
export async function findEarlierCandidate(
  { settings, readBuild }: Pick<WalkRequest, 'settings' | 'readBuild'>,
  { served }: Service,
  canary: string,
): Promise<EarlierCandidate | undefined> {
  const target = served.find(({ tag }) => tag === settings.tag);
  if (target?.revision === undefined || target.revision === canary || target.url === undefined)
    return undefined;
  return { revision: target.revision, buildId: await readBuild(target.url) };
}

const PATIENCE_MS = 30_000;
const POLL_MS = 500;

/**
 * Waits until another build answers at the tag's URL than before the tag was moved. Changes of the routing take a while,
 * also after Cloud Run reports them as done, and the checks must not be made at the earlier candidate:
 * https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration. Gives up after a while, because both revisions may
 * hold the same build.
 */
export async function awaitMovedTag(
  { readBuild, signal }: Pick<WalkRequest, 'readBuild' | 'signal'>,
  url: string,
  earlier: EarlierCandidate,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!signal.aborted) {
    const buildId = await readBuild(url);
    if (buildId !== undefined && buildId !== earlier.buildId) return;
    if (performance.now() >= deadline) return;
    await pause(POLL_MS, undefined, { signal }).catch(() => {});
  }
}
