import { connect } from 'node:net';

const DEFAULT_PORT = 8787;

/** The port of the service that a gate starts and measures. */
export function measuredPort({ OA_CONTROL_BIND_ADDR = '' }: Readonly<Record<string, string>>): number {
  const [, port] = /:(\d{1,5})$/.exec(OA_CONTROL_BIND_ADDR) ?? [];
  return port === undefined ? DEFAULT_PORT : Number(port);
}

/** Whether some program on this machine accepts connections on a port. */
export async function isPortTaken(port: number): Promise<boolean> {
  const taken = await Promise.all(['127.0.0.1', '::1'].map((host) => accepts(host, port)));
  return taken.includes(true);
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    // A local port that neither accepts nor refuses is filtered: treat it as free.
    socket.setTimeout(5000, () => end(false));
  });
}
