import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { commandLine, gcloudVariables, listenForInterruption, ownCommand } from '@deploy/cli';
import { rememberCaller } from '@deploy/cli/start';
import { domainMapping, parseRate, startEmulator } from '@deploy/emulator';
import { exportLines, productionLines } from '../src/exports.ts';
import { kept } from '../src/kept.ts';
import { prepareCargo } from '../src/stage/cargo-stand-in.ts';
import { sampleCheckout } from '../src/stage/sample-checkout.ts';
import { DOMAIN, PROJECT, SERVICE, STAGING } from '../src/stage/staging.ts';
import { matrixSeeds, PRODUCTION, PRODUCTION_DOMAIN } from '../src/steps/matrix.ts';

const HELP = `Starts a local Cloud Run with the services and images of a rehearsal, and a sample checkout to
deploy from. Prints what to export.

Usage: npx pnpm@12 emulator [options]

  --port <number>       port to listen on (default: a free one)
  --container <command> shell command that every revision runs; it must listen on PORT or OA_CONTROL_BIND_ADDR
                        (default: a stand-in for the control service)
  --clock <number>      how many times faster than real time its clock runs (default: 1)
  --load <rate>         requests for pages to send to the service, such as 120/min or 5/s
  --keep                keep the sample checkout, with the reports in it, after Ctrl-C
  --help

To rehearse a promotion, with its four steps of ten minutes, in about three minutes (step 4 of
the README): --load 120/min --clock 20
`;

const settings = readArguments();
if (settings === undefined) process.stdout.write(HELP);
else await run(settings);

type Settings = {
  port: number;
  clockSpeed: number;
  command: string | undefined;
  perMinute: number | undefined;
  keep: boolean;
};

function readArguments(): Settings | undefined {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string' },
        container: { type: 'string' },
        clock: { type: 'string' },
        load: { type: 'string' },
        keep: { type: 'boolean' },
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
    return { port, clockSpeed, command: values.container, perMinute, keep: values.keep ?? false };
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : error}\n\n${HELP}`);
    process.exit(2);
  }
}

async function run({ port, clockSpeed, command, perMinute, keep }: Settings): Promise<void> {
  using interruption = listenForInterruption();
  const { signal } = interruption;
  await using checkout = kept(await sampleCheckout(), keep);
  await using cargo = kept(await prepareCargo(), keep);
  const services = [...STAGING.services, ...matrixSeeds.services].map((seed) =>
    seed.name === SERVICE && perMinute !== undefined
      ? { ...seed, load: { perMinute, signsIn: false } }
      : seed,
  );
  await using emulator = await startEmulator({
    ...STAGING,
    ...matrixSeeds,
    services,
    domainMappings: [
      domainMapping({ domain: DOMAIN, service: SERVICE }),
      domainMapping({ domain: PRODUCTION_DOMAIN, service: PRODUCTION }),
    ],
    port,
    reconcileMs: 1500,
    clockSpeed,
    ...(command !== undefined && { container: { command, environment: environmentOfPrograms() } }),
  });
  const exports = exportLines(emulator, { checkout: checkout.root, cargo }).map((line) => `  ${line}`);
  const gcloudExports = [
    ...gcloudVariables(emulator.host, ['RUN', 'LOGGING', 'SECRETMANAGER']),
    ['CLOUDSDK_CORE_PROJECT', PROJECT] as const,
    ['CLOUDSDK_CORE_SHOULD_PROMPT_TO_ENABLE_API', 'false'] as const,
  ].map((variable) => `  export ${commandLine([variable], [])}`);
  process.stdout.write(`A local Cloud Run listens at ${emulator.url}
Service ${SERVICE} serves at ${emulator.service(SERVICE).uri}
A sample checkout is at ${checkout.root}
${cargo.notice === undefined ? '' : `${cargo.notice}\n`}
For the scripts:
${exports.join('\n')}
  ${statusCommand()}

For gcloud:
${gcloudExports.join('\n')}
  gcloud run services describe ${SERVICE} --region us-central1

${productionLines.join('\n')}

Ctrl-C stops it${keep ? '. The checkout is kept.' : ' and deletes the sample checkout with its reports. --keep keeps them.'}
`);
  if (!signal.aborted) await once(signal, 'abort');
  const folders = [checkout.root, cargo.folder].filter((folder) => folder !== undefined).join(', ');
  const fate = keep ? 'Kept, with the reports in it' : 'Deleted, with the reports in it';
  process.stderr.write(`\nThe local Cloud Run is stopped. ${fate}: ${folders}\n`);
}

/** The command to try first. Variables that the printed exports set are not repeated in it. */
function statusCommand(): string {
  rememberCaller(process.env);
  return ownCommand(
    'canary-rollout',
    ['status'],
    [
      ['CLOUD_RUN_EMULATOR_HOST', undefined],
      ['OPENAGENTS_REPO_ROOT', undefined],
    ],
  );
}

/** The variables that programs need in order to start. They get nothing else of the user's environment. */
function environmentOfPrograms(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'USER', 'LANG', 'TMPDIR', 'RUST_LOG', 'RUST_BACKTRACE'];
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
