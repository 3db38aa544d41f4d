import { cleanLine, type Finding } from '@deploy/cli';
import { HOW_TO_LOG_IN } from '../google/identity.ts';
import type { ImageLookup } from '../registry/look-up.ts';

const CHECK = 'image';

/** Whether the image is in its registry. */
export function checkImage(image: string | undefined, lookup: ImageLookup | undefined): Finding {
  if (image === undefined || lookup === undefined) {
    return {
      check: CHECK,
      state: 'error',
      found: 'IMAGE is unset',
      advice: 'Set IMAGE=<registry>/<repository>/<image>:<tag>, the image to deploy.',
    };
  }
  const name = cleanLine(image, 300);
  switch (lookup.state) {
    case 'found':
      return {
        check: CHECK,
        state: 'ok',
        found: name.includes(lookup.digest) ? `${name} is there` : `${name} is ${lookup.digest}`,
      };
    case 'missing':
      return {
        check: CHECK,
        state: 'error',
        found: `${name} is not in its registry`,
        advice:
          lookup.newestTags.length === 0
            ? 'That repository has no tags, or is not there: check the path of IMAGE, or push the image.'
            : `Set IMAGE to one that is there, or push it; the newest tags: ${lookup.newestTags.join(', ')}`,
      };
    case 'unknown':
      return {
        check: CHECK,
        state: 'error',
        found: `${name} could not be looked up: ${lookup.why}`,
        advice: lookup.denied
          ? `Reading images takes roles/artifactregistry.reader on the repository. ${HOW_TO_LOG_IN}`
          : 'Check IMAGE, the network and the proxy settings.',
      };
  }
}
