import { joinEvidence, openEvidence } from '@deploy/report';
import { deployment, image, location, OLD, serviceUrl, shift, smokeOutcome } from './rollout.ts';

// A process that writes the evidence of a whole rollout in the checkout of its first argument, from the opening on, as
// fast as it can; `begun` on stdout when the report is open.
const [root = ''] = process.argv.slice(2);
const checkout = { root, serviceDir: 'service', webShellDir: 'web-shell' };
const note = (line: string): void => void process.stderr.write(`${line}\n`);
const evidence = await openEvidence({ checkout, location, image, evidenceReport: undefined, note });
process.stdout.write('begun\n');
await evidence.step('web-shell build', async () => {});
await evidence.step('gates', () =>
  evidence.gates({
    results: [{ gate: 'cargo-test', state: 'passed', durationMs: 5, cache: 'miss', source: 'this run' }],
    leftOut: [],
  }),
);
await evidence.step('deploy', async () => {
  await evidence.foundServing(deployment.traffic, OLD);
  await evidence.reachedAt(serviceUrl);
  await evidence.deployed(deployment, OLD);
});
const request = {
  repoRoot: root,
  serviceDir: 'service',
  webShellDir: 'web-shell',
  evidenceReport: undefined,
  note,
};
const later = await joinEvidence({ ...request, location });
for (const percent of [5, 25, 50, 100, 0]) {
  await later.step('set-traffic', () => later.trafficChanged(shift(0, percent), OLD));
  await later.smoked(smokeOutcome('health'));
}
