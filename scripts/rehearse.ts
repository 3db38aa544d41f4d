import { onStopSignals, runScript, type Usage, UserError } from '@deploy/cli';
import { startEmulator } from '@deploy/emulator';
import {
  checkEvidence,
  childEnvironment,
  lookAtServing,
  matrixSeeds,
  matrixSteps,
  PROJECT,
  prepareCargo,
  rolloutSteps,
  runStep,
  SERVICE,
  STAGING,
  type StepResult,
  sampleCheckout,
  summaryLines,
} from '@deploy/rehearsal';

const usage: Usage = {
  script: 'scripts/rehearse.ts',
  purpose:
    'Rehearses a whole staging rollout on this machine, against a local Cloud Run, with the real scripts.',
  calls: [
    { arguments: '', does: 'the rehearsal, about half a minute' },
    { arguments: '--keep', does: 'the same, and leave the local Cloud Run up to play with' },
  ],
  settings: {},
};

await runScript(usage, async ({ argv, env, out }) => {
  const keep = argv.includes('--keep');
  await using emulator = await startEmulator({
    ...STAGING,
    reconcileMs: 400,
    services: [...STAGING.services, ...matrixSeeds.services],
    jobs: matrixSeeds.jobs,
  });
  await using checkout = await sampleCheckout();
  await using cargo = await prepareCargo();
  out.data(
    `A local Cloud Run listens at ${emulator.url}; ${SERVICE} serves at ${emulator.service(SERVICE).uri}`,
  );
  out.data(`A sample checkout is at ${checkout.root}`);
  if (cargo.notice !== undefined) out.data(cargo.notice);

  const base = childEnvironment(env, { emulator, checkout: checkout.root, toolFolder: cargo.folder });
  const results: StepResult[] = [];
  const steps = [...rolloutSteps(emulator), ...matrixSteps(emulator)];
  for (const [i, nextStep] of steps.entries()) {
    const step = nextStep();
    const startedAt = performance.now();
    const { exitCode, leaked } = await runStep(step, {
      env: base,
      place: `${i + 1} of ${steps.length}`,
      out,
    });
    const durationMs = performance.now() - startedAt;
    const { reported, counted } = await lookAtServing(emulator, SERVICE);
    out.data(`\nserving: ${reported}; of 100 requests: ${counted}`);
    if (leaked) throw new UserError(`a secret was printed by: ${step.title}`);
    const asExpected = exitCode === (step.exitCode ?? 0) && (step.serves ?? reported) === reported;
    results.push({ title: step.title, exitCode, asExpected, durationMs, serving: reported });
  }

  const evidence = await checkEvidence(checkout.root);
  out.data(`\n## Evidence\n\nThe rollout's report: ${evidence.path}`);
  out.data(
    evidence.missing.length === 0
      ? `It holds every field that the runbook requires.${keep ? '' : ' It goes with the sample checkout; --keep keeps both.'}`
      : `It LACKS: ${evidence.missing.join(', ')}`,
  );

  out.data(`\n## Summary\n\n${summaryLines(results, SERVICE)}`);
  if (cargo.notice !== undefined) out.data(cargo.notice);
  const failed = results.filter(({ asExpected }) => !asExpected);
  if (failed.length > 0) {
    throw new UserError(
      `the rehearsal did not go as it should: ${failed.map(({ title }) => title).join('; ')}`,
    );
  }
  if (evidence.missing.length > 0) {
    throw new UserError(`the evidence report lacks ${evidence.missing.join(', ')}`);
  }
  if (keep) {
    out.data(`\nThe local Cloud Run stays up; Ctrl-C ends it. Play with it:
  export CLOUD_RUN_EMULATOR_HOST=${emulator.host} PROJECT=${PROJECT} SERVICE=${SERVICE} OPENAGENTS_REPO_ROOT=${checkout.root}`);
    // Not disposed of: the same Ctrl-C, passed on by pnpm, is not to cut the clearing away short.
    await new Promise<void>((resolve) => onStopSignals(() => resolve()));
  }
  return 0;
});
