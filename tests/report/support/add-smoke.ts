import { joinEvidenceByUrl } from '@deploy/report';
import { serviceUrl, smokeOutcome } from './rollout.ts';

// A process that adds one smoke run to the report of the checkout in its first argument, under the name in its second.
const [repoRoot = '', name = ''] = process.argv.slice(2);
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
