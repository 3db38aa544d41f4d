import { joinEvidence, openEvidence } from '@deploy/report';
import { deployment, image, location, OLD, shifted, smokeOutcome } from './rollout.ts';

// A process that writes the evidence of a short rollout in each of the checkouts that are its arguments, at the same
// time, from the opening on, as fast as it can; `begun` on stdout when all reports are open.
const note = (line: string): void => void process.stderr.write(`${line}\n`);

const opened = await Promise.all(
  process.argv.slice(2).map(async (root) => {
    const checkout = { root, serviceDir: 'service', webShellDir: 'web-shell' };
    return {
      root,
      evidence: await openEvidence({ checkout, location, image, evidenceReport: undefined, note }),
    };
  }),
);
process.stdout.write('begun\n');
await Promise.all(opened.map(rollOut));

async function rollOut({ root, evidence }: (typeof opened)[number]): Promise<void> {
  await evidence.step('gates', () =>
    evidence.record({
      kind: 'gatesRun',
      run: {
        results: [{ gate: 'cargo-test', state: 'passed', durationMs: 5, cache: 'miss', source: 'this run' }],
        leftOut: [],
      },
    }),
  );
  await evidence.step('deploy', async () => {
    await evidence.record({ kind: 'servingFound', shares: deployment.traffic, stable: OLD });
    await evidence.record({ kind: 'deployed', deployment, stable: OLD });
  });
  const request = {
    repoRoot: root,
    serviceDir: 'service',
    webShellDir: 'web-shell',
    evidenceReport: undefined,
    note,
  };
  const later = await joinEvidence({ ...request, location });
  await later.step('set-traffic', () => later.record(shifted(0, 5)));
  await later.record({ kind: 'smoked', outcome: smokeOutcome('health') });
}
