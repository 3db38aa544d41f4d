import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { describe, test } from 'node:test';
import type { Trigger } from '@deploy/emulator';
import { request } from 'undici';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';

// A window on pinned traffic is made from what serves, and afterwards the newest template must be the one before it.

type Cloud = Awaited<ReturnType<typeof cloudWith>>;
type Template = ReturnType<Cloud['service']>['template'];

const TOKEN = 'sesame-0123456789abcdef';
const MOVE = { MAINTENANCE_MOVE_TRAFFIC: '1' };
const WRITE = { method: 'PATCH', path: /services\/control$/ };
const CANARY = `${IMAGES}:canary`;

const run = (
  cloud: Cloud,
  script: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<ScriptRun> => runScript(script, args, { env: { ...cloudEnv(cloud), ...env } });
const window = (cloud: Cloud, action: string, env: Record<string, string> = MOVE): Promise<ScriptRun> =>
  run(cloud, 'maintenance-mode', [action], { MAINTENANCE_BYPASS_TOKEN: TOKEN, ...env });

/**
 * Stable serves; the candidate, deployed without traffic, has a variable, a limit and a sidecar that stable has not.
 */
async function withCandidate(options: Parameters<typeof cloudWith>[0] = {}): Promise<Cloud> {
  const cloud = await cloudWith({
    services: [
      {
        name: SERVICE,
        image: `${IMAGES}:stable`,
        env: { A: '1' },
        traffic: [{ revision: 1, percent: 100 }],
      },
    ],
    ...options,
  });
  cloud.changeTemplate(
    SERVICE,
    (template) => ({
      ...template,
      timeout: '77s',
      containers: [
        { name: 'collector', image: 'registry.example.com/otel/collector:1' },
        {
          name: 'app',
          image: CANARY,
          ports: [{ containerPort: 8080 }],
          env: [
            { name: 'A', value: '1' },
            { name: 'NEW', value: 'yes' },
          ],
        },
      ],
    }),
    'dave@example.com',
  );
  await cloud.settled();
  return cloud;
}

/** The template but for what a window may change: the mark, its five variables, and the image by digest for its tag. */
function untouched(cloud: Cloud, template: Template = cloud.service(SERVICE).template) {
  const { labels: _, containers = [], ...rest } = template;
  return {
    ...rest,
    containers: containers.map(({ image, env = [], ...container }) => ({
      ...container,
      image: image?.split(/[:@](?:sha256)?[^/]*$/)[0],
      env: env.filter(({ name }) => !name.startsWith('OA_MAINTENANCE_')),
    })),
  };
}

function modeOf({ containers = [] }: Template): string | undefined {
  return containers.flatMap(({ env = [] }) => env).find(({ name }) => name === 'OA_MAINTENANCE_MODE_ENABLED')
    ?.value;
}

function digests(cloud: Cloud): (string | undefined)[] {
  return revisionNames(cloud).map((name) => cloud.imageDigest(SERVICE, name));
}

async function statusOf(cloud: Cloud, path = '/'): Promise<number> {
  const { statusCode, body } = await request(`${cloud.service(SERVICE).uri}${path}`);
  await body.dump();
  return statusCode;
}

describe('a window on pinned traffic', () => {
  test('runs what serves, and leaves the newest template with only its variables merged, after enable and after disable', async () => {
    await using cloud = await withCandidate();
    const before = { template: untouched(cloud), serving: serving(cloud) };
    const [stable, candidate] = digests(cloud);
    // Somebody pushes to both tags before the window.
    cloud.pushImage(`${IMAGES}:stable`, 'never-ready');
    cloud.pushImage(CANARY, 'never-ready');

    const enabled = await window(cloud, 'enable');
    assert.equal(enabled.exitCode, 0, enabled.stderr);
    assert.equal(await statusOf(cloud), 503);
    assert.deepEqual(untouched(cloud), before.template);
    assert.equal(modeOf(cloud.service(SERVICE).template), 'true');

    const disabled = await window(cloud, 'disable', {});
    assert.equal(disabled.exitCode, 0, disabled.stderr);
    assert.equal(await statusOf(cloud), 200);
    assert.deepEqual(serving(cloud), before.serving);
    assert.deepEqual(untouched(cloud), before.template);
    assert.equal(modeOf(cloud.service(SERVICE).template), 'false');
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {}, 'nothing is left behind');
    // The window's revision, the newest template's in the window, and after it.
    assert.deepEqual(digests(cloud), [stable, candidate, stable, candidate, candidate]);

    const deployed = await run(cloud, 'canary-rollout', ['deploy-no-traffic', `${IMAGES}:next`]);
    assert.equal(deployed.exitCode, 0, deployed.stderr);
    assert.deepEqual(untouched(cloud), before.template, 'the next deployment has the variable as well');
  });

  test('announces only what it always has', async () => {
    await using cloud = await withCandidate({
      secrets: { 'openagents-control-maintenance-bypass-token': TOKEN },
    });
    const lines = async (action: string) =>
      (await run(cloud, 'maintenance-mode', [action], MOVE)).stdout.trimEnd().split('\n');
    assert.deepEqual(
      (await lines('enable')).map((line) => line.split(' ').slice(0, 5).join(' ')),
      ['+ gcloud run services update'],
    );
    assert.deepEqual(await lines('disable'), [
      '+ gcloud run services update control --project openagentsgemini --region us-central1 --update-env-vars OA_MAINTENANCE_MODE_ENABLED=false',
    ]);
  });

  test('that is opened for the newest revision makes one revision, and disable one', async () => {
    await using cloud = await withCandidate();
    const [, candidate = ''] = revisionNames(cloud);
    assert.equal((await run(cloud, 'canary-rollout', ['rollback', candidate])).exitCode, 0);
    const before = untouched(cloud);
    assert.equal((await window(cloud, 'enable')).exitCode, 0);
    assert.equal((await window(cloud, 'disable', {})).exitCode, 0);
    assert.deepEqual(untouched(cloud), before);
    assert.deepEqual(serving(cloud), [`${candidate}=100`]);
    assert.equal(revisionNames(cloud).length, 4);
  });

  test('is open even where the newest template makes no revision that comes up, and that is told', async () => {
    await using cloud = await withCandidate({ images: { [CANARY]: 'never-ready' } });
    const before = untouched(cloud);
    const enabled = await window(cloud, 'enable');
    assert.equal(enabled.exitCode, 0, enabled.stderr);
    assert.match(
      enabled.stderr,
      /^warning: revision control-00006-\S+, .* is not ready .*it gets no traffic$/m,
    );
    assert.equal(await statusOf(cloud), 503);
    const disabled = await window(cloud, 'disable', {});
    assert.equal(disabled.exitCode, 0, disabled.stderr);
    assert.equal(await statusOf(cloud), 200);
    assert.deepEqual(untouched(cloud), before);
  });
});

test('traffic that follows the latest revision, the newest of which never came up: the window keeps its template', async () => {
  const bad = `${IMAGES}:bad`;
  await using cloud = await cloudWith({
    images: { [bad]: 'never-ready' },
    services: [{ name: SERVICE, image: `${IMAGES}:one`, laterImages: [bad] }],
  });
  const [first] = revisionNames(cloud);
  const enabled = await window(cloud, 'enable', {});
  assert.equal(enabled.exitCode, 0, enabled.stderr);
  assert.match(enabled.stderr, /followed LATEST and is now pinned/);
  assert.equal(await statusOf(cloud), 503);
  assert.equal(cloud.imageDigest(SERVICE, revisionNames(cloud)[3] ?? ''), digests(cloud)[1]);
  const disabled = await window(cloud, 'disable', {});
  assert.equal(disabled.exitCode, 0, disabled.stderr);
  assert.deepEqual(serving(cloud), [`${first}=100`]);
  assert.equal(cloud.imageDigest(SERVICE, revisionNames(cloud).at(-1) ?? ''), digests(cloud)[1]);
});

describe('a window that is killed at one of its writes', () => {
  const moments = [
    { name: 'making the revision', nth: 1 },
    { name: 'moving the traffic', nth: 2 },
    { name: 'writing the newest template', nth: 3 },
  ];
  for (const { name, nth } of moments) {
    for (const taken of [false, true]) {
      for (const then of ['enable', 'disable']) {
        test(`${name}, ${taken ? 'taken' : 'not taken'}: ${then} leaves the newest template as it was`, async () => {
          await using cloud = await withCandidate();
          const before = { template: untouched(cloud), serving: serving(cloud) };
          const [stable, candidate] = digests(cloud);
          let child: ChildProcess | undefined;
          const kill = (): void => void child?.kill('SIGKILL');
          cloud.on({
            match: WRITE,
            skip: nth - 1,
            fault: taken ? { kind: 'first', act: kill } : { kind: 'reset', when: 'before', act: kill },
          });
          const killed = await runScriptProcess('maintenance-mode', ['enable'], {
            env: { ...cloudEnv(cloud), MAINTENANCE_BYPASS_TOKEN: TOKEN, ...MOVE },
            onStart: (started) => {
              child = started;
            },
          });
          assert.equal(killed.exitCode, null, killed.stderr);
          await cloud.settled();

          const again = await window(cloud, then);
          assert.equal(again.exitCode, 0, again.stderr);
          assert.deepEqual(untouched(cloud), before.template);
          assert.equal(await statusOf(cloud), then === 'enable' ? 503 : 200);
          if (then === 'enable') {
            assert.equal(modeOf(cloud.service(SERVICE).template), 'true');
            assert.equal((await window(cloud, 'disable', {})).exitCode, 0);
            assert.deepEqual(untouched(cloud), before.template);
          }
          assert.notEqual(modeOf(cloud.service(SERVICE).template), 'true');
          assert.deepEqual(serving(cloud), before.serving);
          assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {}, 'nothing is left behind');
          assert.deepEqual(new Set(digests(cloud)), new Set([stable, candidate]));
        });
      }
    }
  }
});

describe('a window that fails', () => {
  const refused = {
    kind: 'error',
    httpStatus: 403,
    status: 'PERMISSION_DENIED',
    message: 'not any more',
  } as const;
  const failures: { name: string; trigger: Trigger; isOpen: boolean }[] = [
    {
      name: 'since its revision does not come up',
      trigger: { match: WRITE, fault: { kind: 'operation', fate: 'fails' } },
      isOpen: false,
    },
    {
      name: 'since traffic may not be moved',
      trigger: { match: WRITE, skip: 1, fault: refused },
      isOpen: false,
    },
    {
      name: 'since the platform does not move the traffic',
      trigger: { match: WRITE, skip: 1, fault: { kind: 'operation', fate: 'fails' } },
      isOpen: false,
    },
    { name: 'at the last write', trigger: { match: WRITE, skip: 2, fault: refused }, isOpen: true },
  ];
  for (const { name, trigger, isOpen } of failures) {
    test(`${name} leaves the newest template as it was${isOpen ? ' once it is run again' : ''}`, async () => {
      await using cloud = await withCandidate();
      const before = { template: untouched(cloud), serving: serving(cloud) };
      cloud.on(trigger);
      const failed = await window(cloud, 'enable');
      assert.equal(failed.exitCode, 1, failed.stderr);
      assert.equal(await statusOf(cloud), isOpen ? 503 : 200);
      if (isOpen) {
        assert.match(
          failed.stderr,
          /^error: .*maintenance mode is on for the public, but the newest template/m,
        );
        const status = await run(cloud, 'maintenance-mode', ['status']);
        assert.match(
          status.stderr,
          /^maintenance mode of control is on for all traffic; a window was not finished/m,
        );
        const deploying = await run(cloud, 'canary-rollout', ['deploy-no-traffic', CANARY]);
        assert.equal(deploying.exitCode, 1);
        assert.match(
          deploying.stderr,
          /^error: the newest template of control belongs to an unfinished maintenance window/m,
        );
        const again = await run(cloud, 'maintenance-mode', ['enable']);
        assert.equal(again.exitCode, 0, again.stderr);
        assert.equal(modeOf(cloud.service(SERVICE).template), 'true');
      } else {
        assert.match(failed.stderr, /^.*The newest template is again that of control-00003-/m);
        assert.equal(modeOf(cloud.service(SERVICE).template), undefined);
        assert.deepEqual(serving(cloud), before.serving);
        const { traffic, annotations = {} } = cloud.service(SERVICE);
        assert.deepEqual(
          traffic.map(({ revision, percent }) => `${revision}=${percent}`),
          before.serving,
          'nothing is asked for that does not serve',
        );
        assert.deepEqual(annotations, {});
        const deployed = await run(cloud, 'canary-rollout', ['deploy-no-traffic', CANARY]);
        assert.equal(deployed.exitCode, 0, deployed.stderr);
      }
      assert.deepEqual(untouched(cloud), before.template);
    });
  }

  test('since nothing may be changed says nothing of a template that was never replaced', async () => {
    await using cloud = await withCandidate({ denied: ['run.services.update'] });
    const before = cloud.service(SERVICE);
    const failed = await window(cloud, 'enable');
    assert.equal(failed.exitCode, 1);
    assert.match(failed.stderr, /^error: changing service control: no permission/m);
    assert.doesNotMatch(failed.stderr, /template/);
    assert.deepEqual(cloud.service(SERVICE), before);
  });

  test('on traffic that follows the latest revision puts the template back, so that the next deployment works', async () => {
    await using cloud = await cloudWith();
    const before = untouched(cloud);
    cloud.on({ match: WRITE, fault: { kind: 'operation', fate: 'fails' } });
    const failed = await window(cloud, 'enable', {});
    assert.equal(failed.exitCode, 1);
    assert.match(failed.stderr, /^error: revision control-00002-\S+ did not become ready/m);
    assert.deepEqual(untouched(cloud), before);
    assert.equal(modeOf(cloud.service(SERVICE).template), undefined);
    assert.equal(await statusOf(cloud), 200);
    assert.equal(new Set(digests(cloud)).size, 1);
  });
});

describe("somebody else's deployment in the middle of a window", () => {
  const bobs = (cloud: Cloud) => () =>
    cloud.changeTemplate(SERVICE, (template) => ({ ...template, timeout: '99s' }), 'bob@example.com');

  for (const nth of [2, 3]) {
    test(`at write ${nth} stays the newest template, and is named`, async () => {
      await using cloud = await withCandidate();
      cloud.on({ match: WRITE, skip: nth - 1, fault: { kind: 'first', act: bobs(cloud) } });
      const enabled = await window(cloud, 'enable');
      assert.equal(enabled.exitCode, 1, enabled.stderr);
      assert.match(enabled.stderr, /^error: bob@example\.com changed service control/m);
      assert.equal(cloud.service(SERVICE).template.timeout, '99s');
      await window(cloud, 'disable');
      assert.equal(cloud.service(SERVICE).template.timeout, '99s', 'what the window had replaced is history');
    });
  }
});
