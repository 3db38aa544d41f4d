import { cleanLine, type Finding, findingsOf } from '@deploy/cli';
import { HOW_TO_LOG_IN } from '../google/identity.ts';
import { noRegistryAdvice } from '../names.ts';
import { parseImageReference } from '../registry/image-reference.ts';
import type { ImageLookup } from '../registry/look-up.ts';

const { ok, note, error } = findingsOf('image');

// https://cloud.google.com/run/docs/container-contract#languages
const RUNS_ON = 'linux/amd64';

export function checkImage(image: string | undefined, lookup: ImageLookup | undefined): Finding {
  if (image === undefined || lookup === undefined)
    return error('IMAGE is unset', 'Set IMAGE=<registry>/<repository>/<image>:<tag>, the image to deploy.');
  const name = cleanLine(image, 300);
  switch (lookup.state) {
    case 'found':
      if (lookup.platforms?.names.includes(RUNS_ON) === false) {
        const { names, isOnlyLabel } = lookup.platforms;
        const unlessLabel = isOnlyLabel
          ? `If only the label is wrong and the program is built for ${RUNS_ON}: SKIP_PREFLIGHT=1. `
          : '';
        return error(
          `${name} is built for ${names.join(', ')}, and Cloud Run runs only ${RUNS_ON}`,
          `A Mac builds for its own processor if nothing else is asked for. ${unlessLabel}Build it again, in the folder of its Dockerfile`,
          `docker buildx build --platform ${RUNS_ON} --tag ${nameToPush(image)} --push .`,
        );
      }
      return ok(name.includes(lookup.digest) ? `${name} is there` : `${name} is ${lookup.digest}`);
    case 'missing':
      return error(
        `${name} is not in its registry`,
        lookup.newestTags.length === 0
          ? 'The repository has no tags or does not exist: check the path in IMAGE, or push the image.'
          : `Set IMAGE to an image that exists, or push this one; the newest tags: ${lookup.newestTags.join(', ')}`,
      );
    case 'not-looked-up': {
      const { host } = parseImageReference(image);
      return host === undefined
        ? error(`${name} names no registry`, noRegistryAdvice(image))
        : note(`${name} was not looked up: ${host} is not one of Google's registries`);
    }
    case 'failed':
      return error(
        `${name} could not be looked up: ${lookup.why}`,
        lookup.denied
          ? `Reading images requires roles/artifactregistry.reader on the repository. ${HOW_TO_LOG_IN}`
          : 'Check IMAGE, the network and the proxy settings.',
      );
  }
}

/** The image's name without its digest: nobody can push under a digest. */
function nameToPush(image: string): string {
  const { host, repository, tag } = parseImageReference(image);
  return cleanLine(`${host}/${repository}${tag === undefined ? '' : `:${tag}`}`, 300);
}
