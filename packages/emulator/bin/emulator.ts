import { parseArgs } from 'node:util';
import { startEmulator } from '../src/index.ts';

const HELP = `Starts a local Cloud Run with a staging service in it, and tells what to export.

Usage: pnpm emulator [--port <number>] [--help]

  --port   port to listen on (default: a free one)
`;

const { values } = parseArgs({
  options: { port: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) {
  process.stdout.write(HELP);
} else {
  await run(Number(values.port ?? 0));
}

async function run(port: number): Promise<void> {
  const service = 'openagents-control-service-staging';
  const emulator = await startEmulator({
    port,
    reconcileMs: 1500,
    services: [
      {
        name: service,
        image: 'us-central1-docker.pkg.dev/openagentsgemini/openagents-control-service/control:stable',
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
  // More than once: pnpm and tsx pass a Ctrl-C on that has come from the terminal as well.
  let isClosing = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (!isClosing) void emulator.close();
      isClosing = true;
    });
  }
}

function portOf(host: string): string {
  return host.slice(host.lastIndexOf(':') + 1);
}
