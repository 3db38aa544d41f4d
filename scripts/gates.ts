import {
  addStepSummary,
  checkoutSettings,
  findTargetCheckout,
  interruptible,
  isWatched,
  ownCommand,
  readSettings,
  refuseUsage,
  runScript,
  showNext,
  startLiveLine,
  stepSummarySetting,
  type Usage,
} from '@deploy/cli';
import { explainGates, gateSettings, requirePassed, runGates } from '@deploy/gates';
import { againCommand, explanationLine, gatesMarkdown, verdictLine } from './gates/print.ts';

const settings = { ...checkoutSettings, ...gateSettings, stepSummary: stepSummarySetting };

const usage: Usage = {
  script: 'scripts/gates.ts',
  purpose:
    'Runs the verification gates on a checkout, or reuses cached verdicts that are still valid. Deploys nothing.',
  calls: [
    { arguments: '', does: "runs the gates; exits with the first failed gate's own exit code" },
    {
      arguments: '--explain',
      does: 'shows for each gate whether its verdict is cached and what has changed; runs nothing',
    },
  ],
  settings,
  examples: [
    'pnpm tsx scripts/gates.ts',
    'GATES=sw-policy,perf-budget GATES_FORCE=1 pnpm tsx scripts/gates.ts',
  ],
};

await runScript(usage, async ({ argv, env, out, signal }) => {
  const [option, ...more] = argv;
  if (more.length > 0 || (option !== undefined && option !== '--explain'))
    return refuseUsage(usage, { argv, out });
  const values = readSettings(env, settings);
  const checkout = findTargetCheckout(values);
  if (option === '--explain') {
    const live = await startLiveLine('reading the inputs of the verdicts');
    const explanations = await interruptible(signal, () =>
      explainGates({ checkout, env, choices: values }),
    ).finally(live.stop);
    for (const each of explanations) out.data(explanationLine(each));
    return 0;
  }
  const run = await runGates({ checkout, env, out, signal, choices: values });
  for (const result of run.results) out.data(verdictLine(result));
  await addStepSummary(values.stepSummary, gatesMarkdown(run), out.note);
  if (run.leftOut.length > 0) out.note(`verified in part only: GATES leaves out ${run.leftOut.join(', ')}`);
  requirePassed(run, `The other gates have been run as well.${againCommand(run)}`);
  if (isWatched(env))
    showNext({ out }, [{ says: 'next, to check the other preconditions', command: ownCommand('preflight') }]);
  return 0;
});
