import { UserError } from '@deploy/cli';
import { ingressContainer, withIngressContainer } from './ingress-container.ts';
import type { RunningRevision } from './service.ts';
import type { RevisionTemplate } from './template.ts';

/**
 * The template with the image by the digest that a revision made from it runs: a new revision resolves its tag again,
 * which may have moved. As gcloud's `services update` does it (_EnsureImageDigest in command_lib/run/serverless_operations.py):
 * an image that is by digest already stays, and so does one of which no digest is known.
 */
export function withRunningImage(template: RevisionTemplate, digest: string | undefined): RevisionTemplate {
  if (digest === undefined || isByDigest(template)) return template;
  return withIngressContainer(template, (container) => ({ ...container, image: digest }));
}

/** As above for a revision that serves, where not to know the digest is an error: the code could change unseen. */
export function serveSameImage({ name, template, imageDigest }: RunningRevision): RevisionTemplate {
  if (imageDigest === undefined && !isByDigest(template)) {
    throw new UserError(
      `which image revision ${name} runs cannot be told: the platform gives no digest for it`,
      {
        hint: 'Nothing was changed: a new revision might run another image, since tags move. Deploy an image by its digest first.',
      },
    );
  }
  return withRunningImage(template, imageDigest);
}

function isByDigest(template: RevisionTemplate): boolean {
  return ingressContainer(template).image?.includes('@sha256:') ?? false;
}
