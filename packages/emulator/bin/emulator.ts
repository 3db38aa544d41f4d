import { parseArgs } from 'node:util';
import { parseRate, startEmulator } from '../src/index.ts';

const HELP = `Starts a local Cloud Run with a staging service in it, and tells what to export.

Usage: pnpm emulator [options]

  --port <number>       port to listen on (default: a free one)
  --container <command> what every revision runs, given to the shell; it must listen on PORT, or on OA_CONTROL_BIND_ADDR
                        (default: a stand-in of the control service)
  --clock <number>      how many times faster than the wall's its clock runs (default: 1)
  --load <rate>         requests to the service, such as 120/min or 5/s: people who sign in, open pages and mint tokens
  --help
`;

const settings = readArguments();
if (settings === undefined) process.stdout.write(HELP);
else await run(settings);

type Settings = {
  port: number;
  clockSpeed: number;
  command: string | undefined;
  perMinute: number | undefined;
};

function readArguments(): Settings | undefined {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string' },
        container: { type: 'string' },
        clock: { type: 'string' },
        load: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) return undefined;
    const perMinute = values.load === undefined ? undefined : parseRate(values.load);
    if (values.load !== undefined && perMinute === undefined) {
      throw new Error(`--load must be a rate such as 120/min or 5/s, not '${values.load}'`);
    }
    const port = Number(values.port ?? 0);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new Error(`--port must be a port, not '${values.port}'`);
    }
    const clockSpeed = Number(values.clock ?? 1);
    if (!(clockSpeed > 0)) throw new Error(`--clock must be a number above 0, not '${values.clock}'`);
    return { port, clockSpeed, command: values.container, perMinute };
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n\n${HELP}`);
    process.exit(2);
  }
}

async function run({ port, clockSpeed, command, perMinute }: Settings): Promise<void> {
  const service = 'openagents-control-service-staging';
  const emulator = await startEmulator({
    port,
    reconcileMs: 1500,
    clockSpeed,
    ...(command !== undefined && { container: { command, environment: environmentOfPrograms() } }),
    services: [
      {
        name: service,
        image: 'us-central1-docker.pkg.dev/openagentsgemini/openagents-control-service/control:stable',
        env: { OA_AUTH_PROVIDER_MODE: 'mock', OA_SYNC_TOKEN_SIGNING_KEY: 'local' },
        ...(perMinute !== undefined && { load: { perMinute } }),
      },
    ],
  });
  process.stdout.write(`A local Cloud Run listens at ${emulator.url}
Service ${service} serves at ${emulator.service(service).uri}

For the scripts:
  export CLOUD_RUN_EMULATOR_HOST=${emulator.host} PROJECT=openagentsgemini SERVICE=${service}
  pnpm tsx scripts/canary-rollout.ts status

For gcloud:
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN=http://localhost:${portOf(emulator.host)}/
  export CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING=http://localhost:${portOf(emulator.host)}/
  export CLOUDSDK_PROXY_TYPE=http CLOUDSDK_PROXY_ADDRESS=127.0.0.1 CLOUDSDK_PROXY_PORT=${portOf(emulator.host)}
  export CLOUDSDK_AUTH_ACCESS_TOKEN=local CLOUDSDK_CORE_PROJECT=openagentsgemini CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API=false
  gcloud run services describe ${service} --region us-central1

Ctrl-C stops it.
`);
  // Not only once: after a Ctrl-C in the terminal, pnpm and tsx pass the signal on as well.
  let isClosing = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!isClosing) void emulator.close();
      isClosing = true;
    });
  }
}

/** What a program needs from this machine in order to start. It gets nothing else from the user's shell. */
function environmentOfPrograms(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'RUST_LOG', 'RUST_BACKTRACE'];
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function portOf(host: string): string {
  return host.slice(host.lastIndexOf(':') + 1);
}
