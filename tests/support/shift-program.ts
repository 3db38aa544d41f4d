// Gives all traffic of the tests' service to one revision, in a process that a test can stop: HOST REVISION.
import { runScript } from '@deploy/cli';
import { openServiceApi, rollback } from '@deploy/cloudrun';
import { LOCATION } from './cloud.ts';

const usage = { script: 'shift-program.ts', purpose: '', calls: [], settings: {} };

await runScript(usage, async ({ argv: [emulatorHost, revision = ''], signal }) => {
  const connection = { emulatorHost, identity: { kind: 'none' }, env: {}, signal } as const;
  await rollback(() => openServiceApi(connection, LOCATION), LOCATION, revision).perform();
  return 0;
});
