import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/**
 * Tells processes of our own which texts to redact, over a socket in a folder that only this user can open: they are
 * on no disk, on no command line and in no environment, where the gates themselves would find them.
 */
export async function offerSecrets(
  values: () => readonly string[],
): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'gates-'));
  const path = join(folder, 'secrets');
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end(JSON.stringify(values()));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  // It does not keep the process alive.
  server.unref();
  return {
    path,
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What is to be redacted. Throws when nobody answers: a log that may hold secrets must not be written. */
export async function askForSecrets(path: string): Promise<string[]> {
  const socket = connect(path);
  return JSON.parse(await text(socket)) as string[];
}
