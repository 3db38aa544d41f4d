import { IMAGE_STATIC_DIR } from './config.ts';
import { apiError, type Reply } from './exchange.ts';

const NO_CACHE = 'no-cache, no-store, must-revalidate';
const SHORT = 'public, max-age=60';
const FOR_EVER = 'public, max-age=31536000, immutable';

/** The web shell's files. They are in one folder of the image; any other `staticDir` counts as missing. */
export function createStaticFiles(staticDir: string, buildId: string) {
  const files = staticDir === IMAGE_STATIC_DIR ? webShell(buildId) : new Map<string, string>();
  return {
    exists: staticDir === IMAGE_STATIC_DIR,
    /** A file at the top level, never cached. */
    top: (name: string) => read(files, name, NO_CACHE),
    /** A file under /assets/, taken from the `assets` folder, or else from the top level. */
    asset(path: string): Reply {
      if (path.split('/').some((segment) => ['', '.', '..'].includes(segment))) return fileNotFound(path);
      const name = files.has(`assets/${path}`) ? `assets/${path}` : path;
      return read(files, name, isHashed(path) ? FOR_EVER : SHORT);
    },
  };
}

/** The build id in the manifest. It depends on the image, so that a client can see which image answered. */
export function buildIdOf(image: string): string {
  let hash = 0;
  for (const letter of image) hash = (hash * 31 + letter.charCodeAt(0)) % 1_000_000;
  const builtAt = new Date(Date.UTC(2026, 1, 1) + hash * 1000);
  return builtAt.toISOString().replace(/[-:]|\.\d+/g, '');
}

/** An asset with a hash in its name, which is served as immutable. A real build has no such asset. */
export const HASHED_ASSET = 'app-0a1b2c3d4e5f.js';

/**
 * Whether a name contains a hash, by the real service's rule: it has an extension, and at least eight letters or digits
 * between its last hyphen and the extension.
 */
export function isHashed(path: string): boolean {
  const [, hash = ''] = /-([^-]*)\.[^.]*$/.exec(path.slice(path.lastIndexOf('/') + 1)) ?? [];
  return /^[A-Za-z0-9]{8,}$/.test(hash);
}

function webShell(buildId: string): Map<string, string> {
  const assets = [
    'openagents_web_shell.js',
    'openagents_web_shell_bg.wasm',
    'host-shim.js',
    'capability-policy.js',
  ];
  const manifest = {
    manifestVersion: 'openagents.webshell.v2',
    buildId,
    entry: {
      html: 'index.html',
      js: 'assets/openagents_web_shell.js',
      wasm: 'assets/openagents_web_shell_bg.wasm',
      hostShim: 'assets/host-shim.js',
    },
    compatibility: {
      protocolVersion: 'khala.ws.v1',
      minClientBuildId: buildId,
      maxClientBuildId: null,
      syncSchemaMin: 1,
      syncSchemaMax: 1,
    },
    serviceWorker: {
      script: 'sw.js',
      cacheName: `openagents-web-shell::${buildId}`,
      pinnedAssets: ['/index.html', ...assets.map((name) => `/assets/${name}`)],
      rollbackCaches: [],
    },
  };
  return new Map([
    ['manifest.json', `${JSON.stringify(manifest, null, 2)}\n`],
    ['sw.js', `const BUILD_ID = '${buildId}';\n`],
    ['index.html', '<!doctype html><title>OpenAgents</title>\n'],
    ...[...assets, HASHED_ASSET].map((name) => [`assets/${name}`, `/* ${name} of ${buildId} */\n`] as const),
  ]);
}

const TYPES: Record<string, string> = {
  js: 'text/javascript',
  json: 'application/json',
  html: 'text/html',
  wasm: 'application/wasm',
};

function read(files: ReadonlyMap<string, string>, name: string, cacheControl: string): Reply {
  const body = files.get(name);
  if (body === undefined) return fileNotFound(name);
  const type = TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
  return { status: 200, headers: { 'content-type': type, 'cache-control': cacheControl }, body };
}

function fileNotFound(name: string): Reply {
  return apiError(404, 'not_found', `Static asset '${name}' was not found.`);
}
