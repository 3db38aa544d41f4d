import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import { deployNoTraffic, writeAnnotations } from '@deploy/cloudrun';
import { changeService } from '@deploy/cloudrun/service';
import type { Emulator, Fault } from '@deploy/emulator';
import { apiOf, LOCATION, revisionNames, SERVICE, serving } from '../support/cloud.ts';
import {
  BOB,
  bobDeploys,
  bobShifts,
  deploy,
  imagesMade,
  LOOK,
  NEW,
  pinnedCloud,
  shiftTo,
  shortenPauses,
  variablesOf,
  WRITE,
} from '../support/colleague.ts';
import { makeAnew } from '../support/made-anew.ts';

// What comes back from a write, and what is made of it.
const answered = (httpStatus: number, status: string, message = 'made to fail'): Fault => ({
  kind: 'error',
  httpStatus,
  status,
  message,
});
shortenPauses();
const writes = (cloud: Emulator): number => cloud.requests.filter(({ method }) => method === 'PATCH').length;
const generation = (cloud: Emulator): number => Number(cloud.service(SERVICE).generation);
const userError = (message: RegExp, hint: RegExp) => (error: unknown) => {
  assert.ok(error instanceof UserError, String(error));
  assert.match(error.message, message);
  assert.match(error.hint ?? '', hint);
  return true;
};
const LOOKS = /gcloud run services describe control --project openagentsgemini --region us-central1/;

// First, because a change that is taken for another one would be waited for in all that follows, for a quarter of an
// hour.
describe('a change that nobody waits for', { concurrency: true }, () => {
  /** Gives the second revision everything; the generation that this made, and what was told meanwhile. */
  async function write(cloud: Emulator): Promise<{ written: number; told: string[] }> {
    const told: string[] = [];
    const [, revision] = revisionNames(cloud);
    const { generation: written } = await changeService(
      await apiOf(cloud),
      async () => ({ traffic: [{ revision, percent: 100 }] }),
      (why) => told.push(why.replace(/20\S+Z/, 'TIME').replace(/ \([A-Z]+: .*\);/, ' (WHY);')),
    );
    return { written, told };
  }

  test('tells why it is planned again, and why it is sent again', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({ match: LOOK, skip: 1, fault: { kind: 'first', act: () => bobDeploys(cloud) } });
    cloud.on({ match: WRITE, fault: { kind: 'first', act: () => bobDeploys(cloud) } });
    cloud.on({ match: WRITE, skip: 1, fault: { kind: 'reset', when: 'before' } });
    cloud.on({ match: WRITE, skip: 2, fault: answered(409, 'ABORTED', 'Conflict for resource') });
    const { written, told } = await write(cloud);
    assert.equal(written, generation(cloud));
    assert.deepEqual(told, [
      'bob@example.com changed service control at TIME (generation 4) while this change was being prepared; planning again',
      'bob@example.com changed service control at TIME (generation 5); trying again',
      'changing service control: the API could not be reached (WHY); trying again',
      'changing service control: somebody else is changing it (Conflict for resource); trying again',
    ]);
  });

  test('is sent again when the platform puts it off', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({ match: WRITE, fault: answered(429, 'RESOURCE_EXHAUSTED'), times: 2 });
    const { written, told } = await write(cloud);
    assert.equal(written, generation(cloud));
    const putOff = 'changing service control: too many requests (made to fail); trying again';
    assert.deepEqual(told, [putOff, putOff]);
  });

  test('is recognised when its answer is lost', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({ match: WRITE, fault: { kind: 'reset', when: 'after' } });
    const { written, told } = await write(cloud);
    assert.equal(written, generation(cloud));
    assert.deepEqual(told, []);
    assert.equal(writes(cloud), 1);
  });

  test('is given up after five times', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({ match: WRITE, fault: answered(429, 'RESOURCE_EXHAUSTED'), times: 99 });
    await assert.rejects(
      write(cloud),
      userError(
        /^nothing was changed: gave up after 5 attempts, the last one because changing service control: too many requests/,
        /^Wait a minute, then run this again\.\nTo see the state before that: gcloud run services describe /,
      ),
    );
    assert.equal(writes(cloud), 5);
  });
});

describe('a write', { concurrency: true }, () => {
  for (const [name, fault] of [
    ['that the platform puts off', answered(429, 'RESOURCE_EXHAUSTED')],
    ['that came in too slowly', answered(408, 'UNKNOWN')],
    ['that meets the platform at work on the service', answered(409, 'ABORTED', 'Conflict for resource')],
  ] as const) {
    test(`${name} is sent again`, async () => {
      await using cloud = await pinnedCloud();
      const [, b = ''] = revisionNames(cloud);
      cloud.on({ match: WRITE, fault, times: 2 });
      const before = generation(cloud);
      await shiftTo(cloud, b);
      assert.deepEqual(serving(cloud), [`${b}=100`]);
      assert.equal(writes(cloud), 3);
      assert.equal(generation(cloud), before + 1);
    });
  }

  for (const [name, fault] of [
    ['that is forbidden', answered(403, 'PERMISSION_DENIED')],
    ['that asks for what cannot be', answered(400, 'INVALID_ARGUMENT')],
    ['whose name is taken', answered(409, 'ALREADY_EXISTS', "Revision named 'x' already exists")],
  ] as const) {
    test(`${name} is not sent again`, async () => {
      await using cloud = await pinnedCloud();
      const before = serving(cloud);
      cloud.on({ match: WRITE, fault, times: 9 });
      await assert.rejects(shiftTo(cloud, revisionNames(cloud)[1] ?? ''), /made to fail|already exists/);
      assert.equal(writes(cloud), 1);
      assert.deepEqual(serving(cloud), before);
    });
  }

  test('that always meets somebody else is given up after five times, and they are named', async () => {
    await using cloud = await pinnedCloud();
    const before = generation(cloud);
    cloud.on({ match: WRITE, fault: { kind: 'first', act: () => bobDeploys(cloud) }, times: 9 });
    await assert.rejects(
      shiftTo(cloud, revisionNames(cloud)[1] ?? ''),
      userError(
        /^nothing was changed: gave up after 5 attempts, the last one because bob@example\.com changed service control at 20/,
        LOOKS,
      ),
    );
    assert.equal(writes(cloud), 5);
    assert.equal(generation(cloud), before + 5, "all of them bob's");
    await cloud.settled();
    assert.deepEqual(serving(cloud), [`${revisionNames(cloud)[0]}=100`]);
  });

  test('is not even sent where every comparison shows another change', async () => {
    await using cloud = await pinnedCloud('lax');
    // Every second look is a comparison.
    for (const skip of [1, 3, 5, 7, 9])
      cloud.on({ match: LOOK, skip, fault: { kind: 'first', act: () => bobDeploys(cloud) } });
    await assert.rejects(
      shiftTo(cloud, revisionNames(cloud)[1] ?? ''),
      userError(
        /gave up after 5 attempts, .*bob@example\.com .* while this change was being prepared$/,
        LOOKS,
      ),
    );
    assert.equal(writes(cloud), 0);
  });

  for (const [when, skip, lost] of [
    ['before it is sent', 1, false],
    ['while it is looked up', 2, true],
  ] as const) {
    test(`to a service that is made anew ${when} is not sent to the new one`, async () => {
      await using cloud = await pinnedCloud();
      const [, revision = ''] = revisionNames(cloud);
      if (lost) cloud.on({ match: WRITE, fault: { kind: 'reset', when: 'before' } });
      cloud.on({ match: LOOK, skip, fault: { kind: 'first', act: () => makeAnew(cloud) } });
      await assert.rejects(
        shiftTo(cloud, revision),
        userError(/^service control was deleted and made anew \(/, /^Ask who made it anew\./),
      );
      assert.equal(writes(cloud), lost ? 1 : 0);
      assert.equal(generation(cloud), 1);
    });
  }

  test('without an answer, to a service that can no longer be read, is not taken for anything', async () => {
    for (const when of ['before', 'after'] as const) {
      await using cloud = await pinnedCloud();
      const before = generation(cloud);
      cloud.on({ match: WRITE, fault: { kind: 'reset', when } });
      cloud.on({ match: LOOK, skip: 2, fault: answered(403, 'PERMISSION_DENIED'), times: 9 });
      await assert.rejects(
        shiftTo(cloud, revisionNames(cloud)[1] ?? ''),
        userError(/the service cannot be read, so whether the change was made is unknown/, LOOKS),
      );
      assert.equal(writes(cloud), 1);
      assert.equal(generation(cloud), when === 'after' ? before + 1 : before);
    }
  });

  test("over somebody else's, where etags are not enforced, names both generations and theirs", async () => {
    await using cloud = await pinnedCloud('lax');
    cloud.on({ match: WRITE, fault: { kind: 'first', act: () => void bobShifts(cloud) } });
    const [, b = ''] = revisionNames(cloud);
    await assert.rejects(
      shiftTo(cloud, b),
      userError(
        /became generation 5, but was planned from generation 3 \(.+, 20.+Z\), and may have undone theirs/,
        LOOKS,
      ),
    );
  });
});

describe('what is put down on the service without another change', { concurrency: true }, () => {
  const note = { permit: () => {}, annotations: () => ({ note: 'ours' }) };
  for (const [name, act] of [
    ['alone', () => {}],
    ["and somebody else's deployment arrives", bobDeploys],
  ] as const) {
    test(`is put down again when it is lost on its way, ${name}`, async () => {
      await using cloud = await pinnedCloud();
      cloud.on({ match: WRITE, fault: { kind: 'reset', when: 'before', act: () => act(cloud) } });
      await writeAnnotations(() => apiOf(cloud), note).perform();
      assert.deepEqual(cloud.service(SERVICE).annotations, { note: 'ours' });
      assert.equal(writes(cloud), 2);
    });
  }

  test('is not put down twice when only the answer is lost', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({ match: WRITE, fault: { kind: 'reset', when: 'after' } });
    await writeAnnotations(() => apiOf(cloud), note).perform();
    assert.deepEqual(cloud.service(SERVICE).annotations, { note: 'ours' });
    assert.equal(writes(cloud), 1);
  });
});

describe('a tag that a deployment gives', { concurrency: true }, () => {
  const withTag = (cloud: Emulator) =>
    deployNoTraffic(() => apiOf(cloud), LOCATION, NEW, { tag: 'candidate' }).perform();
  const give = (cloud: Emulator, revision: string | undefined) => {
    const kept = cloud.service(SERVICE).traffic.filter(({ tag }) => tag !== 'candidate');
    const type = 'TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION';
    const given = revision === undefined ? [] : [{ type, revision, tag: 'candidate' } as const];
    cloud.changeTraffic(SERVICE, [...kept, ...given], BOB);
  };

  for (const [name, to] of [
    ['gives to another revision', 0],
    ['takes away', undefined],
  ] as const) {
    test(`and somebody else ${name} at once is an error that names them`, async () => {
      await using cloud = await pinnedCloud();
      const [a] = revisionNames(cloud);
      const has = to === undefined ? 'no revision' : a;
      cloud.on({
        match: LOOK,
        skip: 2,
        fault: { kind: 'first', act: () => give(cloud, to === undefined ? undefined : a) },
      });
      await assert.rejects(
        withTag(cloud),
        userError(
          new RegExp(
            `^bob@example\\.com changed .*: tag candidate is on ${has}, not on the new revision control-`,
          ),
          /The new revision exists and gets no traffic/,
        ),
      );
      assert.ok(imagesMade(cloud).includes(NEW));
    });
  }

  test('stays when the answer is lost and somebody else deploys, and is given once', async () => {
    await using cloud = await pinnedCloud();
    cloud.on({ match: WRITE, fault: { kind: 'reset', when: 'before', act: () => bobDeploys(cloud) } });
    const { revision } = await withTag(cloud);
    const [a] = revisionNames(cloud);
    assert.deepEqual(serving(cloud), [`${a}=100`, `${revision}=0(candidate)`]);
    assert.deepEqual(variablesOf(cloud), ['BOBS']);
  });
});

test('between attempts there is time for whoever is at work, more each time', async () => {
  await using cloud = await pinnedCloud();
  const sentAt: number[] = [];
  const act = () => {
    sentAt.push(Date.now());
    bobDeploys(cloud);
  };
  cloud.on({ match: WRITE, fault: { kind: 'first', act }, times: 9 });
  await assert.rejects(shiftTo(cloud, revisionNames(cloud)[1] ?? ''), /gave up after 5 attempts/);
  // A timer may be a little early, and everything else may take longer.
  const pauses = sentAt.slice(1).map((at, i) => at - (sentAt[i] ?? 0));
  for (const [i, least] of [80, 160, 320, 640].entries())
    assert.ok((pauses[i] ?? 0) >= least - 5, `${pauses}`);
});

test('nobody waits before a first attempt, and a deployment alone is one write', async () => {
  await using cloud = await pinnedCloud();
  await deploy(cloud);
  assert.equal(writes(cloud), 1);
  assert.equal(
    cloud.requests.filter(({ method, path }) => method === LOOK.method && LOOK.path.test(path)).length,
    3,
    'to plan, to compare, and to see it settled',
  );
});
