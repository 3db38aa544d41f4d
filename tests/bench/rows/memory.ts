import { cloudEnv, cloudWith, IMAGES, revisionNames } from '../../support/cloud.ts';
import { runPreloaded } from '../../support/preloaded.ts';
import type { Row } from '../row.ts';

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
