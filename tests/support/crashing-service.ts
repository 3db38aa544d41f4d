import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerProgram } from '@deploy/emulator';

// As much of the control service as a smoke check looks at. Once the file CRASH is there, its second revision exits at
// every request.
const SERVICE = `
import { existsSync } from 'node:fs';
const { createServer } = process.getBuiltinModule('node:http');
const { PORT, K_REVISION = '', CRASH = '' } = process.env;
const manifest = { manifestVersion: 'openagents.webshell.v2', buildId: K_REVISION, entry: { js: 'assets/app.js' } };
const caching = { '/manifest.json': 'no-cache', '/sw.js': 'no-cache', '/assets/app.js': 'max-age=60' };
createServer((request, response) => {
  if (K_REVISION.includes('-00002-') && existsSync(CRASH)) process.exit(3);
  const { pathname } = new URL(request.url, 'http://localhost');
  if (['/login', '/onboarding/checklist', '/l402/paywalls'].includes(pathname)) {
    console.log(JSON.stringify({ level: 'INFO', event_name: 'route.split.decision', event_json: '{}' }));
  }
  response.writeHead(pathname === '/api/v1/control/status' ? 401 : 200, {
    'content-type': 'application/json',
    'cache-control': caching[pathname] ?? 'no-store',
  });
  response.end(pathname === '/manifest.json' ? JSON.stringify(manifest) : '{}');
}).listen(Number(PORT), '127.0.0.1');
`;

/** A container whose process really exits, in the second revision, from `crash()` on. */
export async function crashingService(): Promise<
  { program: ContainerProgram; crash(): Promise<void> } & AsyncDisposable
> {
  const folder = await mkdtemp(join(tmpdir(), 'crashing-service-'));
  const [file, flag] = [join(folder, 'service.mjs'), join(folder, 'crash')];
  await writeFile(file, SERVICE);
  return {
    program: { command: `exec '${process.execPath}' '${file}'`, environment: { CRASH: flag } },
    crash: () => writeFile(flag, ''),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
