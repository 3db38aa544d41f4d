import { UserError } from '@deploy/cli';
import type { Connection } from '../google/connection.ts';
import { byDigest, digestOf, parseImageReference } from '../registry/image-reference.ts';
import { isIndexOf } from '../registry/look-up.ts';
import type { Deployment } from './deploy.ts';

/**
 * Throws a UserError unless the new revision runs the digest that was looked up before the deployment. If the tag was
 * moved in between, the image that would get traffic is not the one that was verified.
 */
export async function requireImageAsLookedUp(
  connection: Connection,
  { image, revision, digest }: Pick<Deployment, 'image' | 'revision' | 'digest'>,
  lookedUp: string | undefined,
): Promise<void> {
  if (lookedUp === undefined || digest === undefined || digest === lookedUp) return;
  const membership = await isIndexOf(connection, image, { index: lookedUp, digest });
  if (membership === 'yes') return;
  if (membership !== 'no') {
    throw new UserError(
      `revision ${revision} runs ${digest}, and preflight found ${lookedUp} behind ${image}: whether the one is part of the other could not be looked up (${membership.why})`,
      {
        hint: `No traffic was moved to it. Look at what that image holds before you give it any, or deploy it by its digest: IMAGE=${byDigest(image, lookedUp)}`,
      },
    );
  }
  throw new UserError(
    `revision ${revision} runs ${digest}, but preflight found ${lookedUp} behind ${image}: somebody moved the tag in between`,
    {
      hint: `No traffic was moved to it, and none should be. Find out who pushed that image, or deploy the one that was looked up by its digest: IMAGE=${byDigest(image, lookedUp)}`,
    },
  );
}

/**
 * The reason why nobody could compare the new revision's image with what its tag meant before the deployment. Undefined
 * if they were compared, or if the image was named by its digest, so that there is nothing to compare.
 */
export function whyNotCompared(
  { image, revision, digest }: Pick<Deployment, 'image' | 'revision' | 'digest'>,
  lookedUp: string | undefined,
): string | undefined {
  if (digestOf(image) !== undefined) return undefined;
  if (lookedUp === undefined) {
    const { host } = parseImageReference(image);
    const runs = digest === undefined ? 'Cloud Run does not say what it runs either' : `it runs ${digest}`;
    return `whether somebody moved the tag of ${image} before ${revision} was made is not known, because ${host} is not one of Google's registries; ${runs}. To be sure, deploy the image by its digest`;
  }
  if (digest !== undefined) return undefined;
  return `Cloud Run does not say which image ${revision} runs, so it was not compared with the one that preflight found behind ${image}. To be sure, deploy that one by its digest: IMAGE=${byDigest(image, lookedUp)}`;
}
