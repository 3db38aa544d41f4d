import type { HttpAnswer } from '../google/http.ts';
import type { Registry } from './client.ts';

/** The part of a manifest that says for which platforms an image was built. An index has `manifests`, an image `config`. */
type Manifest = { manifests?: { platform?: Platform }[]; config?: { digest?: string } };

type Platform = { os?: string; architecture?: string };

/** The platforms that an image was built for, such as `linux/amd64`. */
export type Platforms = {
  readonly names: readonly string[];
  /**
   * Whether this is only the label of a single image, which may be wrong: a builder that packs a finished program may
   * label the image with its own processor. Cloud Run refuses an index by its list, but starts a single image regardless.
   */
  readonly isOnlyLabel: boolean;
};

const MOST_REDIRECTS = 3;
// Knowing the platform is useful, but not worth making a deployment wait for retries.
const ONCE = { retries: 0 };

/**
 * The platforms that an image was built for; undefined if that is not known. An index names them, and the manifest of a
 * single image has a config that does:
 * https://github.com/opencontainers/image-spec/blob/main/image-index.md
 */
export async function platformsOf(
  ask: Registry,
  { host, repository, manifest }: { host: string; repository: string; manifest: string },
): Promise<Platforms | undefined> {
  try {
    const { manifests, config } = JSON.parse(manifest) as Manifest;
    if (manifests !== undefined) {
      const names = allNamed(manifests.map(({ platform }) => platform).filter(isImage));
      return names && { names, isOnlyLabel: false };
    }
    if (config?.digest === undefined) return undefined;
    const { status, text } = await follow(ask, host, `/v2/${repository}/blobs/${config.digest}`);
    const names = status === 200 ? allNamed([JSON.parse(text) as Platform]) : undefined;
    return names && { names, isOnlyLabel: true };
  } catch {
    // The platform is only looked at to spare a deployment that cannot work.
    return undefined;
  }
}

/** Docker lists what it notes about a build as one more manifest, for an unknown platform. */
function isImage(platform: Platform | undefined): boolean {
  return platform?.os !== 'unknown';
}

function allNamed(platforms: readonly (Platform | undefined)[]): string[] | undefined {
  const names = platforms.flatMap((each) => (each?.os && each.architecture ? [nameOf(each)] : []));
  return names.length > 0 && names.length === platforms.length ? names : undefined;
}

// Builders other than Docker's use the names that the kernel has for processors, and container engines accept them:
// https://github.com/containerd/platforms/blob/main/database.go
const OTHER_NAMES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
};

function nameOf({ os = '', architecture = '' }: Platform): string {
  const processor = architecture.toLowerCase();
  return `${os.toLowerCase()}/${OTHER_NAMES[processor] ?? processor}`;
}

/**
 * Asks for a path and follows redirects on the same host: Artifact Registry redirects from a blob to a path of its own for
 * the download. Another host would have to be asked without the login, and its answer is not needed that much.
 */
async function follow(ask: Registry, host: string, path: string): Promise<HttpAnswer> {
  let answer = await ask(path, ONCE);
  for (let followed = 0; followed < MOST_REDIRECTS; followed += 1) {
    const { location } = answer.headers;
    if (answer.status < 300 || answer.status >= 400 || location === undefined) return answer;
    const next = new URL(location, `https://${host}`);
    if (next.host !== host) return answer;
    answer = await ask(`${next.pathname}${next.search}`, ONCE);
  }
  return answer;
}
