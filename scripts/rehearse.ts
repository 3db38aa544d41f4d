import { runScript, type Usage } from '@deploy/cli';
import { PARTS, readRequest, rehearsalSettings, rehearse } from '@deploy/rehearsal';

const usage: Usage = {
  script: 'scripts/rehearse.ts',
  purpose:
    'Rehearses a whole staging rollout on this machine, against a local Cloud Run, with the real scripts.',
  calls: [
    { arguments: '', does: 'the rehearsal, about half a minute' },
    { arguments: '--keep', does: 'the same, and leave the local Cloud Run up to play with' },
    {
      arguments: '--checkout <dir>',
      does: 'rehearse a real checkout: a copy of what it has committed, with its own gates and builds',
    },
    {
      arguments: "--service '<command>'",
      does: 'run that program as the container of every revision of the control service',
    },
    {
      arguments: '--steps <list>',
      does: `only some of ${PARTS.join(', ')}, and what these need`,
    },
    {
      arguments: '--scenario <file>',
      does: 'services, images with faults, load and clock as a YAML file has them; packages/rehearsal/scenarios/sample.yaml tells each line',
    },
  ],
  settings: rehearsalSettings,
  examples: [
    "pnpm tsx scripts/rehearse.ts --checkout ~/openagents --service '~/openagents/target/release/openagents-control-service'",
  ],
};

await runScript(usage, async ({ argv, env, out }) => {
  await rehearse(readRequest(argv, env), { env, out });
  return 0;
});
