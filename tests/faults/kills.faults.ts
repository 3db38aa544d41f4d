import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Emulator } from '@deploy/emulator';
import { readReport } from '@deploy/report';
import { cloudEnv, cloudWith, IMAGES, revisionNames, SERVICE } from '../support/cloud.ts';
import { runScript } from '../support/hosted-script.ts';
import { runScriptProcess, type ScriptRun } from '../support/run-script.ts';
import { type StandInTools, standInTools } from '../support/stand-in-tools.ts';
import { type Checkout, committedCheckout, copyOf, openReport } from './checkouts.ts';
import { count } from './counts.ts';
import { servedShares } from './scenarios.ts';
import { requireSoundTraffic } from './verdict.ts';

const KILLS = 100;
const AT_ONCE = 4;
const SETTLES_IN_MS = 300;

type Stage = {
  name: string;
  script: string;
  args(revisions: readonly string[]): string[];
  env?: Record<string, string>;
  /** How the service stands when this stage of the rollout begins: its revisions' images, and the canary's percent. */
  images: number;
  canary: number;
  /** What serves when the stage has done its work. */
  serves(revisions: readonly string[]): string[];
};

const STAGES: readonly Stage[] = [
  {
    name: 'deploy-staging',
    script: 'deploy-staging',
    args: () => [],
    env: { IMAGE: `${IMAGES}:new`, SKIP_VERIFY: '1', SKIP_PREFLIGHT: '1' },
    images: 1,
    canary: 0,
    serves: ([one]) => [`${one}=100`],
  },
  {
    name: 'canary-rollout set-traffic',
    script: 'canary-rollout',
    args: ([one = '', two = '']) => ['set-traffic', one, two, '5'],
    images: 2,
    canary: 0,
    serves: ([one, two]) => [`${one}=95`, `${two}=5`],
  },
  {
    name: 'canary-rollout rollback',
    script: 'canary-rollout',
    args: ([one = '']) => ['rollback', one],
    images: 2,
    canary: 50,
    serves: ([one]) => [`${one}=100`],
  },
];

describe('stopped at any moment of a rollout', { concurrency: AT_ONCE }, () => {
  let tools: StandInTools;
  let committed: Checkout;
  /** The same, with the report of a deployment. */
  let inRollout: Checkout;
  const durations = new Map<Stage, number>();
  before(async () => {
    tools = await standInTools({ cargo: 'exit 0' });
    committed = await committedCheckout();
    inRollout = await copyOf(committed.root);
    await openReport(inRollout.root, `${IMAGES}:2`);
    for (const stage of STAGES) {
      await inStage(stage, async ({ run }) => {
        // The first time fills caches.
        for (const calm of [await run(), await run()]) {
          assert.equal(calm.exitCode, 0, calm.stderr);
          durations.set(stage, calm.durationMs);
        }
      });
    }
  });
  after(async () => {
    for (const each of [committed, inRollout, tools]) await each[Symbol.asyncDispose]();
  });

  type Situation = {
    /** Runs the stage's script as a process of its own, which can be killed. */
    run(onStart?: (kill: (signal: NodeJS.Signals) => void) => void): Promise<ScriptRun>;
    /** Runs it to its end, in a process that has run others. */
    runAgain(): Promise<ScriptRun>;
    cloud: Emulator;
    checkout: string;
  };

  /** Lets a stage's script run in the situation that it begins in, with the evidence of the stages before. */
  async function inStage(stage: Stage, use: (situation: Situation) => Promise<void>) {
    const { images, canary } = stage;
    await using cloud = await cloudWith({
      reconcileMs: SETTLES_IN_MS,
      services: [
        {
          name: SERVICE,
          image: `${IMAGES}:1`,
          laterImages: images > 1 ? [`${IMAGES}:2`] : [],
          traffic: [
            { revision: 1, percent: 100 - canary },
            ...(canary > 0 ? [{ revision: 2, percent: canary }] : []),
          ],
        },
      ],
    });
    // Faster than git commits it, and than a report is opened.
    const { root: copied } = stage.script === 'canary-rollout' ? inRollout : committed;
    await using checkout = await copyOf(copied);
    const { root } = checkout;
    const revisions = revisionNames(cloud);
    const args = stage.args(revisions);
    const options = {
      env: { ...cloudEnv(cloud), ...stage.env, OPENAGENTS_REPO_ROOT: root },
      pathFirst: [tools.folder],
    };
    await use({
      run: (onStart) =>
        runScriptProcess(stage.script, args, {
          ...options,
          ...(onStart && { onStart: (child) => onStart((signal) => child.kill(signal)) }),
        }),
      runAgain: () => runScript(stage.script, args, options),
      cloud,
      checkout: root,
    });
  }

  for (let i = 0; i < KILLS; i += 1) {
    const stage = STAGES[i % STAGES.length] as Stage;
    const signal = i % 2 === 0 ? 'SIGKILL' : 'SIGINT';
    test(`${stage.name}: ${signal}`, () =>
      inStage(stage, async ({ run, runAgain, cloud, checkout }) => {
        const revisions = revisionNames(cloud);
        const { generation } = cloud.service(SERVICE);
        // Every other time anywhere, else when the change has been sent: the moments that matter are few.
        const isSent = (): boolean => cloud.requests.some(({ method }) => method === 'PATCH');
        const stopped = await run(async (kill) => {
          const deadline = Date.now() + 5000;
          if (i % 4 > 1) while (!isSent() && Date.now() < deadline) await pause(2);
          await pause(Math.random() * (i % 4 > 1 ? SETTLES_IN_MS : (durations.get(stage) ?? 0)));
          kill(signal);
        });
        count('stopped at a random moment');
        requireSoundTraffic(cloud);
        if (
          signal === 'SIGINT' &&
          isSent() &&
          stopped.exitCode === null &&
          !/is now|is ready/.test(stopped.stderr)
        ) {
          assert.match(stopped.stderr, /^error: interrupted while .*(goes on|is unknown)/m);
          assert.match(stopped.stderr, /gcloud run services describe/);
          count('stopped while a change was under way, and said so');
        }
        await cloud.settled();
        requireSoundTraffic(cloud);
        const changed = cloud.service(SERVICE).generation !== generation;
        if (changed) count('stopped after the platform had taken a change');

        const again = await runAgain();
        assert.equal(again.exitCode, 0, again.stderr);
        await cloud.settled();
        assert.deepEqual(servedShares(cloud), stage.serves(revisions));
        await requireReports(checkout);
        if (/has not ended: it is still running, or was killed/.test(again.stderr)) {
          count('the next run told of the one that was stopped');
        }
      }));
  }
});

async function requireReports(checkout: string): Promise<void> {
  const folder = join(checkout, 'apps/openagents.com/service/docs/reports');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md'));
  assert.ok(names.length > 0);
  for (const name of names) await readReport(join(folder, name));
}
