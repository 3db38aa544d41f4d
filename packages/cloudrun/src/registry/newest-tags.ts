import type { RegistryClient } from './client.ts';

const MOST_PAGES = 10;
const MOST_LOOKED_AT = 20;

type TagList = {
  tags?: string[] | null;
  /** Google's registries tell more than the specification asks for: each manifest, when it was uploaded, and its tags. */
  manifest?: Record<string, { tag?: string[]; timeUploadedMs?: string }>;
};

/**
 * Tags of a repository, the newest first, at most `count`. A registry that does not tell when they were uploaded is asked
 * when the last few of them were built.
 */
export async function newestTags(
  registry: RegistryClient,
  repository: string,
  count: number,
): Promise<string[]> {
  const pages = await readTagList(registry, repository);
  const uploads = pages.flatMap(({ manifest = {} }) => Object.values(manifest));
  const tags = pages.flatMap((page) => page.tags ?? []);
  const dated =
    uploads.length > 0
      ? uploads.flatMap(({ tag = [], timeUploadedMs }) =>
          tag.map((name) => ({ name, at: Number(timeUploadedMs ?? 0) })),
        )
      : await Promise.all(
          tags
            .slice(-MOST_LOOKED_AT)
            .map(async (name) => ({ name, at: await builtAt(registry, repository, name) })),
        );
  return dated
    .sort((a, b) => b.at - a.at)
    .slice(0, count)
    .map(({ name }) => name);
}

async function readTagList(registry: RegistryClient, repository: string): Promise<TagList[]> {
  const pages: TagList[] = [];
  let path: string | undefined = `/v2/${repository}/tags/list`;
  while (path !== undefined && pages.length < MOST_PAGES) {
    const { status, header, text } = await registry.ask('GET', path);
    if (status !== 200) break;
    pages.push(JSON.parse(text) as TagList);
    path = nextPage(header('link'), path);
  }
  return pages;
}

/** https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-tags: `Link: </v2/…>; rel="next"` */
function nextPage(link: string | undefined, current: string): string | undefined {
  const [, target] = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? '') ?? [];
  if (target === undefined) return undefined;
  const url = new URL(target, `http://registry${current}`);
  return `${url.pathname}${url.search}`;
}

/** When the image was built, in milliseconds since 1970; 0 when it does not say. */
async function builtAt(registry: RegistryClient, repository: string, tag: string): Promise<number> {
  type Manifest = { config?: { digest?: string }; manifests?: { digest?: string }[] };
  const read = async (path: string): Promise<unknown> => {
    const { status, text } = await registry.ask('GET', `/v2/${repository}/${path}`);
    return status === 200 ? JSON.parse(text) : {};
  };
  try {
    let manifest = (await read(`manifests/${tag}`)) as Manifest;
    const [platform] = manifest.manifests ?? [];
    if (platform !== undefined) manifest = (await read(`manifests/${platform.digest}`)) as Manifest;
    if (manifest.config?.digest === undefined) return 0;
    const { created = '' } = (await read(`blobs/${manifest.config.digest}`)) as { created?: string };
    return Date.parse(created) || 0;
  } catch {
    // One image that cannot be read does not hide the others.
    return 0;
  }
}
