import { connect, createServer, type Server, type Socket } from 'node:net';

export type SocksBehaviour = {
  isSilent?: boolean;
  refuses?: boolean;
  /** What it lets through as a host. */
  takes?: 'names' | 'addresses';
  /** `user:password`, asked for. */
  login?: string;
};

/**
 * A SOCKS proxy that opens connections to this machine only. Sources: https://www.rfc-editor.org/rfc/rfc1928,
 * https://www.rfc-editor.org/rfc/rfc1929, https://www.openssh.com/txt/socks4a.protocol
 */
export function socksServer(behaviour: SocksBehaviour): Server {
  return createServer(async (socket) => {
    socket.on('error', () => {});
    if (behaviour.isSilent) return;
    try {
      await serve(socket, behaviour);
    } catch {
      socket.destroy();
    }
  });
}

async function serve(socket: Socket, behaviour: SocksBehaviour): Promise<void> {
  const read = reader(socket);
  const [version = 0] = await read(1);
  const { host, port } = version === 4 ? await request4(read) : await request5(socket, read, behaviour);
  const isName = /[a-z]/.test(host);
  const refused =
    behaviour.refuses ||
    (behaviour.takes === 'names' && !isName) ||
    (behaviour.takes === 'addresses' && isName);
  const answer = (ok: boolean): Buffer =>
    version === 4
      ? Buffer.from([0, ok ? 0x5a : 0x5b, 0, 0, 0, 0, 0, 0])
      : Buffer.from([5, ok ? 0 : 2, 0, 1, 0, 0, 0, 0, 0, 0]);
  if (refused) return void socket.end(answer(false));
  const target = connect(port, '127.0.0.1', () => {
    socket.write(answer(true));
    read.stop();
    target.pipe(socket).pipe(target);
  });
  target.on('error', () => socket.destroy());
  socket.on('close', () => target.destroy());
}

async function request4(read: Reader): Promise<{ host: string; port: number }> {
  const head = await read(7);
  await until0(read);
  const address = head.subarray(3, 7);
  const isNamed = address[0] === 0 && address[1] === 0 && address[2] === 0;
  return { port: head.readUInt16BE(1), host: isNamed ? await until0(read) : address.join('.') };
}

async function request5(socket: Socket, read: Reader, { login }: SocksBehaviour) {
  const [methods = 0] = await read(1);
  await read(methods);
  socket.write(Buffer.from([5, login === undefined ? 0 : 2]));
  if (login !== undefined) {
    const [, userLength = 0] = await read(2);
    const user = await read(userLength);
    const [passwordLength = 0] = await read(1);
    const given = `${user}:${await read(passwordLength)}`;
    socket.write(Buffer.from([1, given === login ? 0 : 1]));
    if (given !== login) throw new Error('wrong login');
  }
  const [, , , kind] = await read(4);
  const [length = 0] = kind === 3 ? await read(1) : [kind === 4 ? 16 : 4];
  const host = await read(length);
  return { host: kind === 3 ? host.toString() : host.join('.'), port: (await read(2)).readUInt16BE() };
}

async function until0(read: Reader): Promise<string> {
  let text = '';
  for (;;) {
    const [byte = 0] = await read(1);
    if (byte === 0) return text;
    text += String.fromCharCode(byte);
  }
}

type Reader = ((length: number) => Promise<Buffer>) & { stop(): void };

function reader(socket: Socket): Reader {
  let held = Buffer.alloc(0);
  let wake = (): void => {};
  const take = (data: Buffer): void => {
    held = Buffer.concat([held, data]);
    wake();
  };
  socket.on('data', take);
  const read = async (length: number): Promise<Buffer> => {
    while (held.length < length) {
      if (socket.destroyed) throw new Error('closed');
      await new Promise<void>((resolve) => {
        wake = resolve;
        socket.once('close', resolve);
      });
    }
    const part = held.subarray(0, length);
    held = held.subarray(length);
    return part;
  };
  return Object.assign(read, {
    stop() {
      socket.off('data', take);
      if (held.length > 0) socket.unshift(held);
    },
  });
}
