import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { sampleCheckout } from '@deploy/rehearsal/stage';
import { sampleRecord } from '../report/sample-record.ts';
import { cloudEnv, cloudWith, IMAGES, SERVICE } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { without } from '../support/needs.ts';
import { runOnTerminal } from '../support/on-terminal.ts';
import { putReport } from '../support/report-file.ts';

const STAGING = `${SERVICE}-staging`;

test('a smoke check warns when the address is left over from another service, and shows how to check the one that is meant', {
  skip: await without('a pseudo-terminal'),
}, async () => {
  await using cloud = await cloudWith({
    services: [SERVICE, STAGING].map((name) => ({ name, image: `${IMAGES}:one` })),
  });
  await using checkout = await sampleCheckout();
  const address = (service: string) => cloud.service(service).uri;
  const kinds = { [STAGING]: 'staging', [SERVICE]: 'production' };
  for (const [service, kind] of Object.entries(kinds))
    await putReport(join(checkout.root, 'apps/openagents.com/service/docs/reports'), kind, {
      ...{ ...sampleRecord, service, baseUrls: [address(service)], tagUrls: [] },
      ...{ steps: [], smokes: [], maintenance: [], promotions: [], matrices: [] },
    });
  const env = {
    ...cloudEnv(cloud),
    OPENAGENTS_REPO_ROOT: checkout.root,
    OPENAGENTS_BASE_URL: address(STAGING),
  };
  for (const script of ['smoke-health', 'smoke-control']) {
    const { exitCode, shown } = await runOnTerminal([process.execPath, `scripts/${script}.ts`], env);
    assert.equal(exitCode, 0, shown);
    const text = shown.replaceAll('\r', '');
    assert.ok(
      text.includes(
        `SERVICE is ${SERVICE}, but OPENAGENTS_BASE_URL, ${address(STAGING)}, is the address of ${STAGING}, which this checks`,
      ),
      text,
    );
    assert.match(
      text,
      new RegExp(
        `next, to check ${SERVICE} instead:\\n {2}.*OPENAGENTS_BASE_URL=${address(SERVICE)} .*smoke-health\\.ts\\n`,
      ),
    );
    assert.ok(!text.includes('promote'), 'it offers no step of the other service');
    const meant = await runScript(script, [], { env: { ...env, SERVICE: STAGING } });
    assert.doesNotMatch(meant.stderr, /warning/);
  }
});
