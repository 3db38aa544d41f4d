import { runScript, type Usage } from '@deploy/cli';
import { PARTS, readRequest, rehearsalSettings, rehearse } from '@deploy/rehearsal';

const usage: Usage = {
  script: 'scripts/rehearse.ts',
  purpose:
    'Rehearses a whole staging rollout on this machine, against a local Cloud Run, with the real scripts.',
  calls: [
    { arguments: '', does: 'runs the rehearsal, which takes a minute or two' },
    { arguments: '--keep', does: 'runs the rehearsal and keeps the local Cloud Run running afterwards' },
    {
      arguments: '--checkout <dir>',
      does: "rehearses a copy of the last commit in <dir>, running that checkout's own gates and builds",
    },
    {
      arguments: "--service '<command>'",
      does: 'runs this program as the container of every revision of the control service',
    },
    {
      arguments: '--steps <list>',
      does: `rehearses only these parts, separated by commas, and the parts that they build on; all parts: ${PARTS.join(', ')}`,
    },
    {
      arguments: '--scenario <file>',
      does: 'takes services, image faults, load and clock from a YAML file; packages/rehearsal/scenarios/sample.yaml explains every setting',
    },
  ],
  settings: rehearsalSettings,
  examples: [
    "pnpm tsx scripts/rehearse.ts --checkout ~/openagents --service '~/openagents/target/release/openagents-control-service'",
  ],
};

await runScript(usage, async ({ argv, env, out, signal }) => {
  await rehearse(readRequest(argv, env), { env, out, signal });
  return 0;
});
