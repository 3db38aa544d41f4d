import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerProgram } from '@deploy/emulator';

// Answers every path with its process id and environment; `/exit` ends it, `/log` writes the query's lines. With
// SHORT_LIVED it cuts each connection on which a second request comes, as a server does that closes an idle one in that
// very moment.
const SERVICE = `
const { createServer } = process.getBuiltinModule('node:http');
const { PORT, STUBBORN, SHORT_LIVED, LATE_MS = '0' } = process.env;
const served = new WeakSet();
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ severity: 'NOTICE', message: 'asked to stop' }));
  if (STUBBORN === undefined) process.exit(0);
});
const server = createServer((request, response) => {
  if (SHORT_LIVED !== undefined && served.has(request.socket)) return request.socket.destroy();
  served.add(request.socket);
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/exit') process.exit(3);
  if (url.pathname === '/log') for (const line of url.searchParams.getAll('line')) console.log(line);
  if (url.pathname === '/err') console.error('to stderr');
  response.end(JSON.stringify({ pid: process.pid, env: process.env }));
});
setTimeout(() => server.listen(Number(PORT), '127.0.0.1'), Number(LATE_MS));
`;

/** A small Node service to be run as a container, disposable with `await using`. */
export async function nodeService(
  more: Partial<ContainerProgram> = {},
): Promise<{ program: ContainerProgram } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'container-program-'));
  const file = join(folder, 'service.mjs');
  await writeFile(file, SERVICE);
  return {
    program: { command: `exec '${process.execPath}' '${file}'`, environment: { FROM_IMAGE: 'yes' }, ...more },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
