import { once } from 'node:events';
import { type Environment, type Output, UserError } from '@deploy/cli';
import { type Emulator, type EmulatorOptions, startEmulator } from '@deploy/emulator';
import { copyCheckout } from './checkout-copy.ts';
import type { RehearsalRequest } from './command-line.ts';
import { checkEvidence, reportsIn } from './evidence.ts';
import { exportLines, productionLines } from './exports.ts';
import { kept } from './kept.ts';
import { realOrStandIn } from './real-or-stand-in.ts';
import { programFor } from './service-program.ts';
import { lookAtServing } from './serving.ts';
import { prepareCargo } from './stage/cargo-stand-in.ts';
import { childEnvironment } from './stage/environment.ts';
import { sampleCheckout } from './stage/sample-checkout.ts';
import { applyScenario, readScenario } from './stage/scenario.ts';
import { SERVICE, STAGING } from './stage/staging.ts';
import { CLOCK_SPEED, type EndingResult, rehearseEndings } from './steps/endings.ts';
import { matrixSeeds, matrixSteps, mendMigration, PRODUCTION } from './steps/matrix.ts';
import { PARTS, type Part, type PlannedStep, withNeeded } from './steps/parts.ts';
import { rolloutSteps } from './steps/rollout.ts';
import { runStep, type StepResult } from './steps/step.ts';
import { endingLines, summaryLines } from './summary.ts';

/**
 * Rehearses a rollout and shows every step. Throws a UserError when a step or the evidence is not as expected, or, with
 * exit code 2, when the request makes no sense.
 */
export async function rehearse(
  request: RehearsalRequest,
  { env, out, signal }: { env: Environment; out: Output; signal: AbortSignal },
): Promise<void> {
  const scenario = request.scenario === undefined ? {} : await readScenario(request.scenario);
  const parts = withNeeded(request.parts ?? partsFor(request));
  const { keep } = request;
  const copy = request.checkout === undefined ? undefined : await copyCheckout(request.checkout);
  await using checkout = kept(copy ?? (await sampleCheckout()), keep);
  await using cargo = kept(await prepareCargo(), keep);
  const toolFolder = cargo.folder;
  await using service = await programFor(request, { checkout: checkout.root, toolFolder, env, out, signal });
  const options = optionsOf(service?.program);
  await using emulator = await startEmulator(applyScenario(scenario, options));
  service?.requireServing(emulator);

  out.data(
    `A local Cloud Run listens at ${emulator.url}; ${SERVICE} serves at ${emulator.service(SERVICE).uri}`,
  );
  out.data(`A ${copy === undefined ? 'sample checkout' : 'copy of the checkout'} is at ${checkout.root}`);
  if (cargo.notice !== undefined) out.data(cargo.notice);

  const before = await reportsIn(checkout.root);
  const steps = [...rolloutSteps(emulator), ...matrixSteps(emulator)].filter(({ part }) =>
    parts.includes(part),
  );
  const base = childEnvironment(env, { emulator, checkout: checkout.root, cargo });
  const results = await runSteps(steps, { emulator, env: base, out, signal });
  const missing = parts.includes('deploy')
    ? await showEvidence(checkout.root, { before, parts, keep: request.keep, out })
    : [];

  if (parts.includes('endings')) {
    out.data(
      `\n## Promotions: every way to end\n\nAll at once, each in a local Cloud Run whose clock runs ${CLOCK_SPEED} times as fast.`,
    );
  }
  const endings = parts.includes('endings') ? await rehearseEndings({ env: base, out, signal }) : [];

  const tables = [
    results.length > 0 ? summaryLines(results, SERVICE) : [],
    endings.length > 0 ? endingLines(endings) : [],
  ].flat();
  out.data(`\n## Summary\n\n${tables.join('\n\n')}`);
  if (cargo.notice !== undefined) out.data(cargo.notice);
  out.data(
    realOrStandIn({
      checkout: copy && { ...copy, source: request.checkout ?? '' },
      service: request.service,
      cargoNotice: cargo.notice,
      gatesRan: parts.includes('deploy') || parts.includes('gates'),
    }),
  );
  requireAsExpected(results, endings, missing);
  if (!request.keep) return;
  if (parts.includes('matrix')) mendMigration(emulator);
  const exports = exportLines(emulator, { checkout: checkout.root, cargo }).map((line) => `  ${line}`);
  out.data(
    `\n${stateOf(results, parts)} To try things out:\n${[...exports, '', ...productionLines].join('\n')}`,
  );
  out.data('\nThe local Cloud Run keeps running until you press Ctrl-C.');
  if (!signal.aborted) await once(signal, 'abort');
  const folders = [checkout.root, cargo.folder].filter((folder) => folder !== undefined);
  out.note(`\nThe local Cloud Run is stopped. Kept, with the reports in it: ${folders.join(', ')}`);
}

/** The state in which the rehearsal leaves the local Cloud Run. */
function stateOf(results: readonly StepResult[], parts: readonly Part[]): string {
  const serving = results.at(-1)?.serving;
  const window = parts.includes('maintenance') ? ' The maintenance window is closed.' : '';
  const migration = parts.includes('matrix')
    ? ' The failed migration was followed by one that succeeded.'
    : '';
  return `${serving === undefined ? '' : `Serving: ${serving}.`}${window}${migration}`.trim();
}

/**
 * The parts to rehearse by default. With a real checkout the matrix is left out, because the checkout's runtime checks
 * would run against the sample's runtime. With a real checkout or program the endings are left out, because they always
 * run the stand-in service.
 */
function partsFor({ checkout, service }: RehearsalRequest): readonly Part[] {
  const skipped: Part[] = [
    ...(checkout === undefined ? [] : (['matrix', 'endings'] as const)),
    ...(service === undefined ? [] : (['endings'] as const)),
  ];
  return PARTS.filter((part) => !skipped.includes(part));
}

function optionsOf(program: EmulatorOptions['container']): EmulatorOptions {
  const services = [...STAGING.services, ...matrixSeeds.services].map((seed) =>
    program !== undefined && [SERVICE, PRODUCTION].includes(seed.name)
      ? { ...seed, container: program }
      : seed,
  );
  return { ...STAGING, reconcileMs: 400, services, jobs: matrixSeeds.jobs };
}

async function runSteps(
  steps: readonly PlannedStep[],
  {
    emulator,
    ...context
  }: { emulator: Emulator; env: Record<string, string>; out: Output; signal: AbortSignal },
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const [i, planned] of steps.entries()) {
    const step = planned.step();
    const startedAt = performance.now();
    const place = `${i + 1} of ${steps.length}`;
    const { exitCode, leaked } = await runStep(step, { ...context, place });
    const durationMs = performance.now() - startedAt;
    const { reported, counted } = await lookAtServing(emulator, SERVICE);
    context.out.data(`\nserving: ${reported}; of 100 requests: ${counted}`);
    if (leaked) throw new UserError(`a secret was printed by: ${step.title}`);
    const asExpected = exitCode === (step.exitCode ?? 0) && (step.serves ?? reported) === reported;
    results.push({ title: step.title, exitCode, asExpected, durationMs, serving: reported });
  }
  return results;
}

/** Shows where the report is, and returns the fields that it lacks. */
async function showEvidence(
  checkout: string,
  { keep, out, ...about }: { before: string[]; parts: Part[]; keep: boolean; out: Output },
): Promise<string[]> {
  const { path, missing } = await checkEvidence(checkout, about);
  out.data(`\n## Evidence\n\nThe rollout's report: ${path ?? 'there is none'}`);
  const fate = keep ? '' : ' It is deleted with the temporary checkout; --keep keeps both.';
  out.data(
    missing.length === 0
      ? `It has every field that the runbook requires.${fate}`
      : `It LACKS: ${missing.join(', ')}`,
  );
  return missing;
}

function requireAsExpected(
  results: readonly StepResult[],
  endings: readonly EndingResult[],
  missing: readonly string[],
): void {
  const failed = [
    ...results.flatMap(({ asExpected, title }) => (asExpected ? [] : [title])),
    ...endings.flatMap(({ asExpected, of, ended }) =>
      asExpected ? [] : [`the promotion of ${of}: ${ended}`],
    ),
  ];
  if (failed.length > 0) {
    throw new UserError(`the rehearsal did not go as expected: ${failed.join('; ')}`);
  }
  if (missing.length > 0) throw new UserError(`the evidence report lacks ${missing.join(', ')}`);
}
