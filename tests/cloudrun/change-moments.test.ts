import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import type { Emulator, Trigger } from '@deploy/emulator';
import { revisionNames, SERVICE, serving } from '../support/cloud.ts';
import {
  bobDeploys,
  bobShifts,
  bobTags,
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

shortenPauses();

// Every change of ours, against every change of a colleague's, at every moment of ours, with and without the answer to
// our write, for a platform that enforces etags and for one that does not.
const OURS = ['deployment', 'shift'] as const;
const THEIRS = { shift: bobShifts, template: bobDeploys, tag: bobTags } as const;
const MOMENTS = ['before the comparison', 'before the write', 'before the next look'] as const;
const ETAGS = ['strict', 'lax'] as const;
const ANSWERS = ['arrives', 'is lost, the write too', 'is lost'] as const;

type Case = {
  ours: (typeof OURS)[number];
  theirs: keyof typeof THEIRS;
  moment: (typeof MOMENTS)[number];
  etags: (typeof ETAGS)[number];
  answer: (typeof ANSWERS)[number];
};

/**
 * `both`: done, and theirs is in force as well. `theirs`: refused or replaced, which an error says, with their name.
 * `doubt`: ours was taken, perhaps over theirs, which nobody can tell any more; an error says that.
 */
type Expected = 'both' | 'theirs' | 'doubt';

function expectedOf({ ours, theirs, moment, etags, answer }: Case): Expected {
  // Only a split of theirs cannot stand beside ours; what was not accepted yet is planned anew around everything else.
  const plannedAnew = ours === 'shift' && theirs === 'shift' ? 'theirs' : 'both';
  if (moment === 'before the comparison' || answer === 'is lost, the write too') return plannedAnew;
  if (moment === 'before the write') return etags === 'strict' ? plannedAnew : 'doubt';
  if (theirs === 'shift' && (ours === 'shift' || answer === 'arrives')) return 'theirs';
  return answer === 'arrives' ? 'both' : 'doubt';
}

function triggersOf({ theirs, moment, answer }: Case, cloud: Emulator): Trigger[] {
  const act = () => void THEIRS[theirs](cloud);
  const when = answer === 'is lost' ? 'after' : 'before';
  const lost: Trigger[] = answer === 'arrives' ? [] : [{ match: WRITE, fault: { kind: 'reset', when } }];
  switch (moment) {
    case 'before the comparison':
      return [{ match: LOOK, skip: 1, fault: { kind: 'first', act } }, ...lost];
    case 'before the write':
      return [
        { match: WRITE, fault: answer === 'arrives' ? { kind: 'first', act } : { kind: 'reset', when, act } },
      ];
    case 'before the next look':
      return [...lost, { match: LOOK, skip: 2, fault: { kind: 'first', act } }];
  }
}

const isTheirsInForce = (theirs: Case['theirs'], cloud: Emulator): boolean => {
  const [a, b] = revisionNames(cloud);
  switch (theirs) {
    case 'shift':
      return serving(cloud).join() === `${a}=50,${b}=50`;
    case 'template':
      return variablesOf(cloud).includes('BOBS');
    case 'tag':
      return serving(cloud).includes(`${b}=0(bobs)`);
  }
};

async function perform(ours: Case['ours'], cloud: Emulator): Promise<unknown> {
  const done = ours === 'deployment' ? deploy(cloud) : shiftTo(cloud, revisionNames(cloud)[1] ?? '');
  const failure = await done.then(
    () => undefined,
    (error: unknown) => error,
  );
  await cloud.settled();
  return failure;
}

async function stage(each: Case): Promise<void> {
  await using cloud = await pinnedCloud(each.etags);
  const [a, b] = revisionNames(cloud);
  const generation = Number(cloud.service(SERVICE).generation);
  for (const trigger of triggersOf(each, cloud)) cloud.on(trigger);
  const failure = await perform(each.ours, cloud);
  const expected = expectedOf(each);

  const isOursInForce =
    each.ours === 'deployment' ? imagesMade(cloud).includes(NEW) : serving(cloud).includes(`${b}=100`);
  // A deployment that was replaced has still made its revision.
  const isOursExpected = expected !== 'theirs' || each.ours === 'deployment';
  assert.equal(isOursInForce, isOursExpected, `ours in force: ${serving(cloud)} ${imagesMade(cloud)}`);
  if (expected !== 'doubt') assert.ok(isTheirsInForce(each.theirs, cloud), `theirs lost: ${serving(cloud)}`);
  if (each.ours === 'deployment' && each.theirs !== 'shift') assert.equal(serving(cloud)[0], `${a}=100`);
  // Ours was accepted once at most, theirs once.
  const wasReplaced = expected === 'theirs' && each.moment === 'before the next look';
  const isOursAccepted = isOursExpected || (wasReplaced && each.answer !== 'is lost, the write too');
  assert.equal(Number(cloud.service(SERVICE).generation), generation + (isOursAccepted ? 2 : 1));

  if (expected === 'both') assert.equal(failure, undefined);
  else {
    assert.ok(failure instanceof UserError, String(failure));
    assert.match(
      failure.message,
      expected === 'theirs' ? /bob@example\.com changed service control at 20/ : /at the same moment/,
    );
  }
}

for (const ours of OURS) {
  describe(`our ${ours}`, { concurrency: 16 }, () => {
    for (const theirs of ['shift', 'template', 'tag'] as const)
      for (const moment of MOMENTS)
        for (const answer of ANSWERS)
          for (const etags of ETAGS) {
            const each: Case = { ours, theirs, moment, etags, answer };
            test(`${etags} etags, their ${theirs} ${moment}, the answer ${answer}: ${expectedOf(each)}`, () =>
              stage(each));
          }
  });
}
