import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * A line of a given round-trip time in front of a server on this machine. Each way takes half of it, and whoever opens
 * a connection waits a whole one before the first byte gets anywhere, as with a real TCP handshake.
 */
export async function slowLine(serverPort: number, roundTripMs: number) {
  let openedAt: number | undefined;
  let lastAnswerAt = 0;
  let connections = 0;
  const server = createServer((client) => {
    openedAt ??= performance.now();
    connections += 1;
    const target = connect(serverPort, '127.0.0.1');
    for (const socket of [client, target]) socket.setNoDelay(true).on('error', () => {});
    delayed(client, target, roundTripMs / 2, performance.now() + roundTripMs);
    delayed(target, client, roundTripMs / 2, 0, () => {
      lastAnswerAt = performance.now();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    /** From the first connection to the last byte of an answer, in round trips. */
    roundTrips: () => (lastAnswerAt - (openedAt ?? 0)) / roundTripMs,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function delayed(
  from: Socket,
  to: Socket,
  oneWayMs: number,
  notBefore: number,
  onPassed = (): void => {},
): void {
  const after = (act: () => void): void => {
    setTimeout(act, Math.max(0, notBefore - performance.now()) + oneWayMs);
  };
  from.on('data', (chunk) =>
    after(() => {
      if (!to.writable) return;
      to.write(chunk);
      onPassed();
    }),
  );
  from.on('close', () => after(() => to.destroy()));
}
