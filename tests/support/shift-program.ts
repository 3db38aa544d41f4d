// Gives all traffic of the tests' service to one revision, in a process that a test can stop: HOST REVISION.
import { openServiceApi, rollback } from '@deploy/cloudrun';
import { LOCATION } from './cloud.ts';

const [emulatorHost, revision = ''] = process.argv.slice(2);
const connection = { emulatorHost, identity: { kind: 'none' }, env: {} } as const;
await rollback(() => openServiceApi(connection, LOCATION), LOCATION, revision).perform();
