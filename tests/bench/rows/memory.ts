import { runCommand } from '@deploy/cli';
import { cloudEnv, cloudWith, IMAGES, revisionNames } from '../../support/cloud.ts';
import { runPreloaded } from '../../support/preloaded.ts';
import { withGcloud } from '../gcloud.ts';
import type { Row } from '../row.ts';
import { DESCRIBE } from './status.ts';

const AT_MOST_MB = 150;

export const memory: Row = {
  id: 'memory',
  what: 'memory: the most that a script holds resident',
  target: `under ${AT_MOST_MB} MB`,
  async measure() {
    await using cloud = await cloudWith();
    const [revision = ''] = revisionNames(cloud);
    const env = {
      ...cloudEnv(cloud),
      EVIDENCE_REPORT: 'none',
      OPENAGENTS_BASE_URL: cloud.service('control').uri,
    };
    const calls: [string, ...string[]][] = [
      ['canary-rollout', 'status'],
      ['canary-rollout', 'deploy-no-traffic', `${IMAGES}:two`],
      ['canary-rollout', 'rollback', revision],
      ['maintenance-mode', 'status'],
      ['smoke-control'],
    ];
    const took: { name: string; megabytes: number }[] = [];
    for (const call of calls) {
      const kibibytes = Number(await runPreloaded('tell-memory', call, env));
      took.push({ name: call.slice(0, 2).join(' '), megabytes: kibibytes / 1024 });
    }
    const most = took.reduce((one, other) => (other.megabytes > one.megabytes ? other : one));
    return {
      skipped: false,
      ours: `${Math.round(most.megabytes)} MB (${most.name})`,
      theirs: '',
      value: `${Math.round(most.megabytes)} MB`,
      used: most.megabytes / AT_MOST_MB,
    };
  },
};

/** Prints what the largest of a command's processes held resident at the most, in KiB. */
const CHILDREN = `import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)`;

export const statusMemory: Row = {
  id: 'status-memory',
  what: 'memory of `canary-rollout.ts status`, against `gcloud run services describe`',
  target: 'at most 1x',
  async measure() {
    await using cloud = await cloudWith();
    const { memory } = await withGcloud(cloud, ['memory'], async (gcloud) => {
      const { run, env } = gcloud(...DESCRIBE);
      // gcloud is a Python program, so that is there.
      const told = await runCommand(['python3', '-c', CHILDREN, ...run], {
        env: { PATH: process.env.PATH ?? '', ...env },
      });
      if (told.exitCode !== 0) throw new Error(told.stderr);
      const theirs = Number(told.stdout) / 1024;
      const hold = async (): Promise<number> =>
        Number(await runPreloaded('tell-memory', ['canary-rollout', 'status'], cloudEnv(cloud))) / 1024;
      // The first run after a change translates it, which daily use does not.
      await hold();
      const ours = await hold();
      return {
        memory: {
          skipped: false,
          ours: `${Math.round(ours)} MB`,
          theirs: `${Math.round(theirs)} MB`,
          value: `${(ours / theirs).toFixed(2)}x`,
          used: ours / theirs,
        },
      };
    });
    return memory;
  },
};
