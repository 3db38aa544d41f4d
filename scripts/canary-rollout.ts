import {
  checkoutSettings,
  flag,
  isWatched,
  performAction,
  readSettings,
  refuseUsage,
  runScript,
  textWithDefault,
  type Usage,
} from '@deploy/cli';
import {
  canaryStatus,
  canaryStatusYaml,
  cloudSettings,
  connectTo,
  findLocation,
  isCanaryAction,
  openServiceApi,
  parseCanaryCall,
  parseJudgeCall,
  parsePromoteCall,
  skipMaintenanceCheckSetting,
  skipPromotionCheckSetting,
  skipSpellingCheckSetting,
  skipStableCheckSetting,
} from '@deploy/cloudrun';
import { evidenceSettings, reportedRolesOf } from '@deploy/report';
import { deploy } from './canary/deploy.ts';
import { promoteSettings } from './canary/promote-settings.ts';
import { judgeSettings, observationSettings } from './canary/settings.ts';
import { shiftTraffic } from './canary/shift.ts';

const settings = {
  ...cloudSettings,
  service: textWithDefault('SERVICE', 'openagents-control-service', 'Cloud Run service'),
  skipMaintenanceCheck: skipMaintenanceCheckSetting,
  skipPromotionCheck: skipPromotionCheckSetting,
  skipStableCheck: skipStableCheckSetting,
  skipSpellingCheck: skipSpellingCheckSetting,
  dryRun: flag('DRY_RUN', 'print what would be done and change nothing'),
  ...checkoutSettings,
  ...evidenceSettings,
  ...judgeSettings,
  ...observationSettings,
  ...promoteSettings,
};

const usage: Usage = {
  script: 'scripts/canary-rollout.ts',
  purpose: 'Rolls out a new revision of the control service step by step, and rolls it back.',
  calls: [
    { arguments: 'status', does: 'shows what serves traffic, as YAML' },
    {
      arguments: 'deploy-no-traffic <image>',
      does: 'deploys a new revision without traffic',
      changes: true,
    },
    {
      arguments: 'set-traffic <stable> <canary> <percent>',
      does: 'sends this percentage of the traffic to the canary and the rest to stable',
      changes: true,
    },
    { arguments: 'rollback <stable>', does: 'sends all traffic to the stable revision', changes: true },
    {
      arguments: 'judge <stable> <canary>',
      does: 'judges the last window of the canary by request logs or metrics; changes nothing; exits 0 if healthy, 1 if unhealthy, 3 if inconclusive',
    },
    {
      arguments: 'promote [<canary>]',
      does: 'raises the canary (default: the newest revision deployed without traffic) to 100 % in steps, watches each step, and rolls back by itself if the canary is worse than stable; exits 0 if promoted, 1 if rolled back, 3 if held without a decision',
      changes: true,
    },
    {
      arguments: 'judge --file <file>',
      does: 'judges recorded observations without contacting the cloud; <file> holds one JSON document, or one per line, and may be `-` for standard input; exits like judge above, or 2 if a document cannot be read',
    },
  ],
  settings,
  examples: [
    'SERVICE=openagents-control-service-staging pnpm tsx scripts/canary-rollout.ts status',
    'DRY_RUN=1 PROJECT=openagentsgemini pnpm tsx scripts/canary-rollout.ts rollback my-service-00041-abc',
    'CANARY_FORMAT=json pnpm tsx scripts/canary-rollout.ts judge --file promotion.json | jq .reason',
  ],
};

await runScript(usage, async ({ argv, env, out, signal }) => {
  const [action, ...args] = argv;
  if (action === 'judge') {
    const call = parseJudgeCall(args, settings.service.parse(env.SERVICE || undefined));
    const values = { ...readSettings(env, settings), out, signal };
    if ('file' in call) {
      const { judgeFile } = await import('./canary/judge-file.ts');
      return judgeFile({ ...values, ...call });
    }
    const { judgeCloud } = await import('./canary/judge-cloud.ts');
    return judgeCloud({ ...values, ...call, env });
  }
  if (action !== 'promote' && !isCanaryAction(action)) return refuseUsage(usage, { argv, out });
  const values = readSettings(env, settings);
  const location = await findLocation(values, signal);
  if (action === 'promote') {
    const call = parsePromoteCall(args, location.service);
    const { promote } = await import('./canary/promote.ts');
    return promote({ values, location, ...call, env, out, signal });
  }
  const call = parseCanaryCall(action, args, location.service);

  const run = { dryRun: values.dryRun, out };
  const connection = connectTo(values, env, signal, out.note);
  const openApi = () => openServiceApi(connection, location);
  switch (call.action) {
    case 'status': {
      const status = await performAction(canaryStatus(openApi, location), run);
      if (status.dryRun) break;
      out.data(canaryStatusYaml(status.outcome));
      if (!isWatched(env)) break;
      const { showStatus } = await import('./canary/show-status.ts');
      const reported = await reportedRolesOf(location, values);
      await showStatus(await openApi(), status.outcome, { reported, out });
      break;
    }
    case 'deploy-no-traffic':
      await deploy(call.image, { values, connection, location, out });
      break;
    case 'set-traffic':
    case 'rollback':
      await shiftTraffic(call, { values, connection, location, out });
      break;
  }
  return 0;
});
