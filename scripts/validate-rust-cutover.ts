import { join } from 'node:path';
import {
  addStepSummary,
  findTargetCheckout,
  isWatched,
  readSettings,
  runScript,
  showNext,
  type Usage,
} from '@deploy/cli';
import {
  addVerdict,
  afterMatrix,
  compactTime,
  joinMatrixEvidence,
  matrixFailure,
  matrixSettings,
  openDisplay,
  openNewResultsFolder,
  openResultsFolder,
  parseOnly,
  planMatrix,
  rerunCommand,
  runMatrix,
  summaryOf,
} from '@deploy/matrix';

const REPORTS = 'docs/reports/rust-cutover-validation';

const usage: Usage = {
  script: 'scripts/validate-rust-cutover.ts',
  purpose: 'Checks staging and production from end to end before a cutover, and writes a report.',
  calls: [{ arguments: '', does: 'runs all checks that are not switched off' }],
  settings: matrixSettings,
  examples: [
    'STAGING_RUNTIME_BASE_URL=https://… PROD_RUNTIME_BASE_URL=https://… pnpm tsx scripts/validate-rust-cutover.ts',
    'MATRIX_ONLY=control-prod-health,control-prod-smoke pnpm tsx scripts/validate-rust-cutover.ts',
  ],
};

await runScript(usage, async ({ env, out, signal }) => {
  const values = readSettings(env, matrixSettings);
  const checkout = findTargetCheckout(values);
  const plan = planMatrix(values, checkout, env);
  const evidence = await joinMatrixEvidence(values, env, out.note);
  const folder = await (values.outputDir === undefined
    ? openNewResultsFolder(join(checkout.root, REPORTS), compactTime(new Date().toISOString()))
    : openResultsFolder(values.outputDir));
  for (const remark of plan.remarks) out.note(remark);

  const display = await openDisplay(plan.checks, { out, terminal: process.stdout, explains: isWatched(env) });
  const outcome = await runMatrix(plan, { signal, display, folder });
  await addVerdict(evidence, outcome, {
    isPartial: values.only !== undefined,
    summary: folder.summary,
    checkoutRoot: checkout.root,
  });
  out.data(`[matrix] results: ${folder.results}`);
  out.data(`[matrix] summary: ${folder.summary}`);
  await addStepSummary(values.stepSummary, summaryOf(outcome), out.note);

  const failure = matrixFailure(outcome, folder, {
    named: parseOnly(values.only),
    ...(isWatched(env) && { rerun: (failed) => rerunCommand(failed, env) }),
  });
  if (failure === undefined) {
    if (outcome.overall === 'failed')
      out.note('note: the checks that MATRIX_ONLY names have passed; the matrix as a whole has not');
    else if (isWatched(env)) showNext({ out }, [afterMatrix(values)]);
    return 0;
  }
  if (values.failOnRequiredFailure) throw failure;
  if (!signal.aborted) return 0;
  out.note(`error: ${failure.message}\n${failure.hint}`);
  return 1;
});
