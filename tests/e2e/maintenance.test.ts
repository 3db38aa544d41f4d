import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { Secret } from '@deploy/cli';
import { verifyFromOutside } from '@deploy/cloudrun/maintenance';
import { request } from 'undici';
import { parse } from 'yaml';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import type { ScriptRun } from '../support/run-script.ts';

type Cloud = Awaited<ReturnType<typeof cloudWith>>;

const TOKEN = 'sesame-0123456789abcdef';
const SECRET = 'openagents-control-maintenance-bypass-token';

const run = (cloud: Cloud, action: string, env: Record<string, string> = {}): Promise<ScriptRun> =>
  runScript('maintenance-mode', [action], { env: { ...cloudEnv(cloud), ...env } });

async function statusOf(cloud: Cloud, path = '/'): Promise<number> {
  const { statusCode, body } = await request(`${cloud.service(SERVICE).uri}${path}`);
  await body.dump();
  return statusCode;
}

/** Deployed without traffic, so that traffic is pinned and the newest template is a canary's. */
const pinned = {
  name: SERVICE,
  image: `${IMAGES}:stable`,
  laterImages: [`${IMAGES}:canary`],
  traffic: [{ revision: 1, percent: 100 }],
};

describe('traffic that follows the latest revision', () => {
  test('enable with a token makes the secret, puts the public out, lets the token in; disable undoes it', async () => {
    await using cloud = await cloudWith();
    const outside = { OPENAGENTS_BASE_URL: cloud.service(SERVICE).uri };
    const enabled = await run(cloud, 'enable', { ...outside, MAINTENANCE_BYPASS_TOKEN: TOKEN });
    assert.equal(enabled.exitCode, 0, enabled.stderr);
    assert.deepEqual(
      enabled.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(' ').slice(0, 5).join(' ')),
      [
        '+ gcloud secrets create openagents-control-maintenance-bypass-token',
        '+ gcloud secrets versions add',
        '+ gcloud run services update',
      ],
    );
    assert.match(enabled.stderr, /verified from outside/);
    assert.equal(await statusOf(cloud), 503);
    assert.equal(await statusOf(cloud, '/readyz'), 200);
    assert.equal(await statusOf(cloud, `/?maintenance_bypass=${TOKEN}`), 307);

    const disabled = await run(cloud, 'disable', outside);
    assert.equal(disabled.exitCode, 0, disabled.stderr);
    assert.equal(await statusOf(cloud), 200);
  });

  test('leaves the rest of the environment as it is', async () => {
    await using cloud = await cloudWith({
      secrets: { [SECRET]: TOKEN },
      services: [
        { name: SERVICE, image: `${IMAGES}:one`, env: { A: '1', OA_MAINTENANCE_ALLOWED_PATHS: '/old' } },
      ],
    });
    await run(cloud, 'enable');
    const env = cloud.service(SERVICE).template.containers?.[0]?.env?.map(({ name, value }) => [name, value]);
    assert.deepEqual(env?.slice(0, 2), [
      ['A', '1'],
      ['OA_MAINTENANCE_ALLOWED_PATHS', '/healthz,/readyz'],
    ]);
    assert.equal(env?.length, 6);
  });

  test('a second enable, and a second disable, change nothing and say so; a new token still rotates', async () => {
    await using cloud = await cloudWith({ secrets: { [SECRET]: TOKEN } });
    await run(cloud, 'enable');
    const open = cloud.service(SERVICE);
    const again = await run(cloud, 'enable');
    assert.equal(again.exitCode, 0);
    assert.match(again.stderr, /was already on; nothing was changed/);
    assert.deepEqual(cloud.service(SERVICE), open);
    assert.equal(await statusOf(cloud), 503);

    const rotated = await run(cloud, 'enable', { MAINTENANCE_BYPASS_TOKEN: 'another-0123456789abcdef' });
    assert.equal(rotated.exitCode, 0, rotated.stderr);
    assert.equal(revisionNames(cloud).length, 3);
    assert.equal(await statusOf(cloud, '/?maintenance_bypass=another-0123456789abcdef'), 307);

    await run(cloud, 'disable');
    const closed = cloud.service(SERVICE);
    const off = await run(cloud, 'disable');
    assert.match(off.stderr, /was already off; nothing was changed/);
    assert.deepEqual(cloud.service(SERVICE), closed);
    assert.equal(await statusOf(cloud), 200);
    assert.equal(revisionNames(cloud).length, 4);
  });

  test('is built on what serves when the newest revision never came up', async () => {
    await using cloud = await cloudWith({
      secrets: { [SECRET]: TOKEN },
      images: { [`${IMAGES}:bad`]: 'never-ready' },
      services: [{ name: SERVICE, image: `${IMAGES}:one`, laterImages: [`${IMAGES}:bad`] }],
    });
    const enabled = await run(cloud, 'enable');
    assert.equal(enabled.exitCode, 0, enabled.stderr);
    assert.equal(await statusOf(cloud), 503);
  });
});

describe('traffic that is pinned', () => {
  test('enable without MAINTENANCE_MOVE_TRAFFIC=1 refuses before anything is changed, the token included', async () => {
    await using cloud = await cloudWith({ services: [pinned] });
    const before = cloud.service(SERVICE);
    const enabled = await run(cloud, 'enable', { MAINTENANCE_BYPASS_TOKEN: TOKEN });
    assert.equal(enabled.exitCode, 1);
    assert.match(
      enabled.stderr,
      /^error: maintenance mode of control is NOT on as asked for: traffic is pinned .*nothing was changed$/m,
    );
    assert.match(enabled.stderr, /MAINTENANCE_MOVE_TRAFFIC=1 .*maintenance-mode\.ts enable/);
    assert.deepEqual(cloud.service(SERVICE), before);
    assert.deepEqual(
      cloud.requests.filter(({ method }) => method !== 'GET').map(({ path }) => path),
      [],
    );
  });

  test('with MAINTENANCE_MOVE_TRAFFIC=1 it is moved, and disable puts the replaced split back', async () => {
    const traffic = [
      { revision: 1, percent: 95 },
      { revision: 2, percent: 5 },
      { revision: 2, percent: 0, tag: 'blue' },
    ];
    await using cloud = await cloudWith({ secrets: { [SECRET]: TOKEN }, services: [{ ...pinned, traffic }] });
    const before = serving(cloud);
    const enabled = await run(cloud, 'enable', { MAINTENANCE_MOVE_TRAFFIC: '1' });
    assert.equal(enabled.exitCode, 0, enabled.stderr);
    assert.equal(await statusOf(cloud), 503);

    const disabled = await run(cloud, 'disable');
    assert.equal(disabled.exitCode, 0, disabled.stderr);
    assert.deepEqual(serving(cloud), before);
    assert.equal(await statusOf(cloud), 200);
    assert.deepEqual(cloud.service(SERVICE).annotations ?? {}, {}, 'nothing is left behind');
    const { template } = cloud.service(SERVICE);
    const flag = template.containers?.[0]?.env?.find(({ name }) => name === 'OA_MAINTENANCE_MODE_ENABLED');
    assert.equal(flag?.value, 'false', 'the next deployment is not built in maintenance mode');
  });

  test('a new token for a window that was opened by a move is in force only with another move; the old split is kept', async () => {
    await using cloud = await cloudWith({ secrets: { [SECRET]: TOKEN }, services: [pinned] });
    const before = serving(cloud);
    const move = { MAINTENANCE_MOVE_TRAFFIC: '1' };
    const another = { MAINTENANCE_BYPASS_TOKEN: 'another-0123456789abcdef' };
    await run(cloud, 'enable', move);
    const rotated = await run(cloud, 'enable', another);
    assert.equal(rotated.exitCode, 1);
    assert.match(rotated.stderr, /NOT on as asked for: traffic is pinned/);
    assert.ok(
      cloud.requests.every(({ path }) => !path.endsWith(':addVersion')),
      'it is not stored either',
    );
    assert.equal(await statusOf(cloud, '/?maintenance_bypass=another-0123456789abcdef'), 503);

    const moved = await run(cloud, 'enable', { ...another, ...move });
    assert.equal(moved.exitCode, 0, moved.stderr);
    assert.equal(await statusOf(cloud, '/?maintenance_bypass=another-0123456789abcdef'), 307);
    await run(cloud, 'disable');
    assert.deepEqual(serving(cloud), before);
  });

  for (const latest of [1, 2]) {
    test(`a split between LATEST and revision ${latest} of 2 comes back whole`, async () => {
      const traffic = [{ percent: 50 }, { revision: latest, percent: 50 }];
      await using cloud = await cloudWith({
        secrets: { [SECRET]: TOKEN },
        services: [{ ...pinned, traffic }],
      });
      const refused = await run(cloud, 'enable');
      assert.equal(refused.exitCode, 1);
      assert.match(refused.stderr, /NOT on as asked for: traffic is pinned/);
      assert.equal(await statusOf(cloud), 200);
      const enabled = await run(cloud, 'enable', { MAINTENANCE_MOVE_TRAFFIC: '1' });
      assert.equal(enabled.exitCode, 0, enabled.stderr);
      const disabled = await run(cloud, 'disable');
      assert.equal(disabled.exitCode, 0, disabled.stderr);
      const [one, two] = revisionNames(cloud);
      const whole = latest === 1 ? [`${one}=50`, `${two}=50`] : [`${two}=100`];
      assert.deepEqual(serving(cloud).sort(), whole);
      assert.equal(await statusOf(cloud), 200);
    });
  }

  test('a split that was put down for an earlier window is not put back after another', async () => {
    await using cloud = await cloudWith({ secrets: { [SECRET]: TOKEN }, services: [pinned] });
    const [, release] = revisionNames(cloud);
    const shift = (revision = '') =>
      runScript('canary-rollout', ['rollback', revision], {
        env: { ...cloudEnv(cloud), SKIP_MAINTENANCE_CHECK: '1' },
      });
    await run(cloud, 'enable', { MAINTENANCE_MOVE_TRAFFIC: '1' });
    // The window is ended by hand with a newer release, and another one is opened by hand.
    assert.equal((await shift(release)).exitCode, 0);
    assert.equal((await shift(revisionNames(cloud).at(-1))).exitCode, 0);
    assert.equal(await statusOf(cloud), 503);
    const before = serving(cloud);
    const disabled = await run(cloud, 'disable');
    assert.equal(disabled.exitCode, 1, disabled.stderr);
    assert.match(disabled.stderr, /^error: .*NOT off as asked for: traffic is pinned/m);
    assert.match(
      disabled.stderr,
      /^To give it the traffic:\n {2}.*MAINTENANCE_MOVE_TRAFFIC=1 .*maintenance-mode\.ts disable$/m,
    );
    assert.deepEqual(serving(cloud), before);
  });

  test('closing a window does not fail over a value that only opening one uses', async () => {
    await using cloud = await cloudWith({ secrets: { [SECRET]: TOKEN }, services: [pinned] });
    await run(cloud, 'enable', { MAINTENANCE_MOVE_TRAFFIC: '1' });
    assert.equal(await statusOf(cloud), 503);
    const disabled = await run(cloud, 'disable', { MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS: '59' });
    assert.equal(disabled.exitCode, 0, disabled.stderr);
    assert.equal(await statusOf(cloud), 200);
  });
});

describe('nothing is left half done', () => {
  test('without a token and without a version of the secret: refused before anything is changed', async () => {
    for (const secrets of [{}, { [SECRET]: TOKEN }] as Record<string, string>[]) {
      await using cloud = await cloudWith({ secrets });
      const enabled = await run(
        cloud,
        'enable',
        SECRET in secrets ? { MAINTENANCE_BYPASS_SECRET_NAME: 'other' } : {},
      );
      assert.equal(enabled.exitCode, 1);
      assert.match(
        enabled.stderr,
        /^error: secret \S+ has no version, so a revision that uses it would not start/m,
      );
      assert.equal(cloud.service(SERVICE).generation, '1');
    }
  });

  test('a service that is not there: no secret is made', async () => {
    await using cloud = await cloudWith();
    const enabled = await run(cloud, 'enable', { SERVICE: 'nix', MAINTENANCE_BYPASS_TOKEN: TOKEN });
    assert.equal(enabled.exitCode, 1);
    assert.equal(enabled.stdout, '');
    assert.ok(cloud.requests.every(({ method }) => method === 'GET'));
  });

  test('an account that may not store secrets: the hint names the role for that, not one for deploying', async () => {
    await using cloud = await cloudWith({
      secrets: { [SECRET]: TOKEN },
      denied: ['secretmanager.versions.add'],
    });
    const enabled = await run(cloud, 'enable', { MAINTENANCE_BYPASS_TOKEN: TOKEN });
    assert.equal(enabled.exitCode, 1);
    assert.match(
      enabled.stderr,
      /storing secrets requires roles\/secretmanager\.admin on the project\. To see the account: gcloud config list$/m,
    );
    assert.doesNotMatch(enabled.stderr, /run\.developer|already stored/);
    assert.equal(cloud.service(SERVICE).generation, '1');
  });

  test('a bad value: exit 1 with the name of the variable, nothing asked of the cloud', async () => {
    await using cloud = await cloudWith();
    const enabled = await run(cloud, 'enable', { MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS: '30' });
    assert.equal(enabled.exitCode, 1);
    assert.match(enabled.stderr, /^error: MAINTENANCE_BYPASS_COOKIE_TTL_SECONDS holds "30"/m);
    assert.equal(cloud.requests.length, 0);
  });

  test('stopped between the secret and the service, running it again completes it', async () => {
    await using cloud = await cloudWith();
    cloud.on({
      match: { method: 'PATCH', path: /services/ },
      fault: { kind: 'error', httpStatus: 403, status: 'PERMISSION_DENIED', message: 'no' },
    });
    const stopped = await run(cloud, 'enable', { MAINTENANCE_BYPASS_TOKEN: TOKEN });
    assert.equal(stopped.exitCode, 1);
    assert.match(
      stopped.stderr,
      new RegExp(`token is already stored, as the latest version of secret ${SECRET};`),
    );
    assert.equal(await statusOf(cloud), 200);
    const again = await run(cloud, 'enable');
    assert.equal(again.exitCode, 0, again.stderr);
    assert.doesNotMatch(again.stderr, /already stored/);
    assert.equal(await statusOf(cloud, `/?maintenance_bypass=${TOKEN}`), 307);
  });

  test('enable with a new token ends when that lets in from outside: the front ends follow one after another', async () => {
    await using cloud = await cloudWith({ secrets: { [SECRET]: TOKEN } });
    await run(cloud, 'enable');
    const another = 'another-0123456789abcdef';
    let tries = 0;
    // A front end that goes on for a while with the revision that knows only the token before.
    const late = createServer(async ({ url = '/' }, response) => {
      const isTry = url.includes(another);
      if (isTry) tries += 1;
      const { statusCode, body } = await request(
        `${cloud.service(SERVICE).uri}${isTry && tries < 3 ? '/' : url}`,
      );
      await body.dump();
      response.writeHead(statusCode).end();
    });
    await once(late.listen(0, '127.0.0.1'), 'listening');
    const { port } = late.address() as AddressInfo;
    const rotated = await run(cloud, 'enable', {
      MAINTENANCE_BYPASS_TOKEN: another,
      OPENAGENTS_BASE_URL: `http://127.0.0.1:${port}`,
    });
    late.close();
    late.closeAllConnections();
    assert.equal(rotated.exitCode, 0, rotated.stderr);
    assert.match(rotated.stderr, /^verified from outside: /m);
    assert.equal(tries, 3);
  });

  test('a token that lets nobody in is an error, without the token in it', async () => {
    await using cloud = await cloudWith({ secrets: { [SECRET]: TOKEN } });
    await run(cloud, 'enable');
    const other = new Secret('another-0123456789abcdef');
    await assert.rejects(
      verifyFromOutside(cloud.service(SERVICE).uri, 'on', '/readyz', {
        env: {},
        token: other,
        patienceMs: 300,
      }),
      ({ message }: Error) =>
        /from outside http:\S+ answers 503 to the new token, not below 400$/.test(message) &&
        !message.includes(other.reveal()),
    );
  });

  test('a window that does not show from outside is an error that says what was met instead', async () => {
    await using cloud = await cloudWith();
    await assert.rejects(
      verifyFromOutside(cloud.service(SERVICE).uri, 'on', '/readyz', { env: {}, patienceMs: 300 }),
      /configured on, but from outside http:\S+ answers 200, not 503/,
    );
  });
});

describe('status', () => {
  test("is gcloud's YAML on stdout, and one sentence on stderr", async () => {
    await using cloud = await cloudWith({ secrets: { [SECRET]: TOKEN }, services: [pinned] });
    await run(cloud, 'enable', { MAINTENANCE_MOVE_TRAFFIC: '1' });
    const [, , window] = revisionNames(cloud);
    const status = await run(cloud, 'status');
    const [announcement, ...yaml] = status.stdout.split('\n');
    assert.match(announcement ?? '', /^\+ gcloud run services describe control .*containers\[0\]\.env\)$/);
    const { spec, status: shown } = parse(yaml.join('\n'));
    assert.deepEqual(shown.traffic, [{ percent: 100, revisionName: window }]);
    assert.deepEqual(spec.template.spec.containers[0].env.at(-1), {
      name: 'OA_MAINTENANCE_BYPASS_TOKEN',
      valueFrom: { secretKeyRef: { key: 'latest', name: SECRET } },
    });
    assert.equal(status.stderr, 'maintenance mode of control is on for all traffic\n');
  });

  test('tells for how much of the traffic the window is open', async () => {
    await using cloud = await cloudWith({ secrets: { [SECRET]: TOKEN } });
    await run(cloud, 'enable');
    assert.equal((await run(cloud, 'status')).stderr, 'maintenance mode of control is on for all traffic\n');
    const [off = '', on = ''] = revisionNames(cloud);
    const to = (revision: string, percent: number) => ({
      type: 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION' as const,
      revision,
      percent,
    });
    cloud.changeTraffic(SERVICE, [to(off, 70), to(on, 30)], 'bob@example.com');
    while (cloud.service(SERVICE).reconciling) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(
      (await run(cloud, 'status')).stderr,
      'maintenance mode of control is on for 30 % of the traffic only\n',
    );
  });
});

test('the token is in no output, whatever happens', async () => {
  await using cloud = await cloudWith();
  cloud.on({
    match: { method: 'POST', path: /addVersion/ },
    fault: { kind: 'error', httpStatus: 400, status: 'INVALID_ARGUMENT', message: `bad ${TOKEN}` },
  });
  for (const action of ['enable', 'enable', 'status', 'disable']) {
    const { stdout, stderr } = await run(cloud, action, { MAINTENANCE_BYPASS_TOKEN: TOKEN });
    assert.ok(!`${stdout}${stderr}`.includes(TOKEN), `${action}: ${stdout}${stderr}`);
  }
});
