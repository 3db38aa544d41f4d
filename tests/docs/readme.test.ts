import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { domainMapping, type Emulator, startEmulator } from '@deploy/emulator';
import { childEnvironment, prepareCargo, SERVICE, STAGING, sampleCheckout } from '@deploy/rehearsal/stage';
import { ENDINGS, matrixSeeds, matrixSteps, PRODUCTION, rolloutSteps } from '@deploy/rehearsal/steps';
import type { Nodes } from 'mdast';
import { toString as textOf } from 'mdast-util-to-string';
import { without } from '../support/needs.ts';
import { UNUSED_ADDRESS } from '../support/unused-address.ts';
import { allOf, blocksOf, readPage } from './markdown.ts';
import { filledIn, runBlock, shellEnvironment } from './support/run-blocks.ts';

const readme = await readPage('README.md');
const [twoCommands = '', ...rollout] = blocksOf(readme, 'sh');

/** A promotion of a service that nobody uses, in two short steps instead of four of ten minutes. */
const QUICKLY: Record<string, string> = {
  CANARY_STEPS: '50,100',
  CANARY_WINDOW: '1m',
  CANARY_MIN_REQUESTS: '0',
  // Of this machine's time, not of the local Cloud Run's, which is faster.
  CANARY_POLL_SECONDS: '1.2',
  CANARY_SOURCE: 'logs',
};

function staging(): Promise<Emulator> {
  const services = [...STAGING.services, ...matrixSeeds.services];
  const production = domainMapping({ domain: 'openagents.com', service: PRODUCTION });
  const domainMappings = [...STAGING.domainMappings, production];
  return startEmulator({
    ...STAGING,
    ...{ reconcileMs: 30, services, domainMappings, jobs: matrixSeeds.jobs },
    ...{ clockSpeed: 40, clockWaitsAfterMs: 60_000, logs: { readsPerMinute: 10_000 } },
  });
}

test('the two commands are those that are run on a clean checkout before a change lands', () => {
  const ci = readFileSync(join(projectRoot, '.ci/run'), 'utf8');
  const commands = twoCommands.split('\n');
  assert.equal(commands.length, 2);
  for (const command of commands) assert.ok(ci.includes(command.replace('npx ', 'npx --yes ')), command);
});

test('every command of the rollout does what it is there for, in order, against a local Cloud Run', {
  skip: await without('openssl'),
}, async () => {
  await using cloud = await staging();
  await using checkout = await sampleCheckout();
  // The rehearsal has this machine's cargo do what the README shows; it takes most of the time.
  await using cargo = await prepareCargo({ cargo: false, wasm: false });
  const revisions = { '<stable>': '', '<canary>': '' };
  // What differs from a real rollout: where things are, and the names that are made on the way.
  const places = {
    '<tag>': 'candidate',
    '<checkout>': checkout.root,
    '<staging-runtime>': cloud.service('runtime-staging').uri,
    '<production-runtime>': cloud.service('runtime').uri,
    'https://staging.openagents.com': cloud.service(SERVICE).uri,
    'https://openagents.com': cloud.service(PRODUCTION).uri,
  };
  const surroundings = { emulator: cloud, checkout: checkout.root, cargo };
  let env = { ...childEnvironment({ ...shellEnvironment(), ...UNUSED_ADDRESS }, surroundings), ...QUICKLY };
  const outputs: string[] = [];
  for (const block of rollout) {
    const shell = filledIn(block, { ...places, ...revisions });
    const run = await runBlock(shell, env);
    assert.equal(run.exitCode, 0, `${shell}\n${run.output}`);
    outputs.push(run.output);
    env = run.env;
    const deployedTo = block.includes('deploy-staging.ts')
      ? SERVICE
      : block.includes('deploy-production.ts')
        ? PRODUCTION
        : undefined;
    if (deployedTo === undefined) continue;
    const [newest = '', before] = cloud.revisions(deployedTo).map(({ name }) => name.split('/').at(-1));
    Object.assign(revisions, { '<stable>': before, '<canary>': newest });
  }
  const output = outputs.join('\n');
  assert.match(output, /is ready without traffic/);
  assert.equal(output.match(/^\[promote\] done\. /gm)?.length, 2);
  assert.match(output, /^ok: control-service smoke checks passed for /m);
  assert.match(output, /^\[passed\] control-canary-status/m);
  const serving = cloud
    .service(PRODUCTION)
    .trafficStatuses.map(({ revision, percent }) => `${revision} ${percent}`);
  assert.deepEqual(serving, [`${revisions['<stable>']} 100`]);
});

test('after a step to all the traffic, both smokes are run, without which the report has no verdict', () => {
  const toAll = rollout.filter((block) => / 100$|deploy-production/m.test(block));
  assert.equal(toAll.length, 2);
  for (const block of toAll)
    assert.match(block, /( 100|promote)\npnpm tsx scripts\/smoke-health\.ts\n.*smoke-control\.ts$/);
});

test('the rehearsal that is shown has the steps of the rehearsal that there is', async () => {
  await using cloud = await staging();
  const [shown = ''] = blocksOf(readme, 'text');
  const rows = shown
    .slice(shown.indexOf('## Summary'))
    .split('\n')
    .filter((line) => line.startsWith('ok '));
  const titles = [
    ...[...rolloutSteps(cloud), ...matrixSteps(cloud)].map(({ step }) => step().title),
    ...ENDINGS.map(({ of }) => of),
  ];
  assert.deepEqual(
    rows.map((row, i) => row.endsWith(`  ${titles[i]}`)),
    titles.map(() => true),
    `the steps are now: ${titles.join('; ')}`,
  );
});

test('every message that the troubleshooting quotes is one of ours', () => {
  const sources = ['packages', 'scripts']
    .flatMap((folder) =>
      readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
        join(folder, file),
      ),
    )
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules') && !file.includes('/.'))
    .map((file) => readFileSync(join(projectRoot, file), 'utf8'));
  const messages = allOf(troubleshooting(readme), 'listItem').map(
    (item) => allOf(item, 'inlineCode')[0]?.value ?? '',
  );
  assert.ok(messages.length > 10);
  for (const message of messages) {
    // What prints an error puts `error:` in front of it.
    const words = message.replace(/^error: /, '');
    assert.ok(
      sources.some((source) => source.includes(words)),
      message,
    );
  }
});

test('the README stays short enough to be read: the rest belongs on pages of docs', () => {
  assert.ok(readFileSync(join(projectRoot, 'README.md')).length < 15_000);
});

test('every page that the README links to is there', async () => {
  const links = allOf(readme, 'link').filter(({ url }) => !url.includes(':'));
  assert.ok(links.length > 2);
  for (const { url } of links) await readFile(join(projectRoot, url));
});

/** The list that follows the heading about what goes wrong. */
function troubleshooting(page: Nodes): Nodes {
  const blocks = 'children' in page ? page.children : [];
  const heading = blocks.findIndex(
    (block) => block.type === 'heading' && textOf(block).includes('goes wrong'),
  );
  const list = blocks.slice(heading).find(({ type }) => type === 'list');
  assert.ok(list);
  return list;
}
