import { UserError } from '@deploy/cli';
import { ingressContainer, withIngressContainer } from './ingress-container.ts';
import type { RunningRevision } from './service.ts';
import type { RevisionTemplate } from './template.ts';

/**
 * Replaces the image's tag with the digest that a revision of this template runs, because a new revision would resolve
 * the tag again, and the tag may have moved. gcloud's `services update` does the same (_EnsureImageDigest in
 * command_lib/run/serverless_operations.py). An image stays as it is if it already has a digest, or if no digest is
 * known.
 */
export function withRunningImage(template: RevisionTemplate, digest: string | undefined): RevisionTemplate {
  if (digest === undefined || isByDigest(template)) return template;
  return withIngressContainer(template, (container) => ({ ...container, image: digest }));
}

/**
 * Like `withRunningImage`, but for a serving revision. Here an unknown digest is an error, because the image's tag may
 * lead to other code by now, and the public would get that code.
 */
export function serveSameImage({ name, template, imageDigest }: RunningRevision): RevisionTemplate {
  if (imageDigest === undefined && !isByDigest(template)) {
    throw new UserError(
      `cannot tell which image revision ${name} runs: the platform gives no digest for it`,
      {
        hint: 'Nothing was changed, because a new revision might run another image if the tag was moved. Deploy an image by its digest first.',
      },
    );
  }
  return withRunningImage(template, imageDigest);
}

function isByDigest(template: RevisionTemplate): boolean {
  return ingressContainer(template).image?.includes('@sha256:') ?? false;
}
