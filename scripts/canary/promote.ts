import { setTimeout as sleep } from 'node:timers/promises';
import {
  type PromotionOutcome,
  planPromotion,
  type SmokeLook,
  type Walker,
  type WalkSettings,
  walkPromotion,
} from '@deploy/canary';
import { openObservationSource } from '@deploy/canary/cloud';
import {
  type Environment,
  Interrupted,
  type Output,
  performAction,
  type SettingsOf,
  UserError,
  userName,
} from '@deploy/cli';
import {
  accountOf,
  type cloudSettings,
  connectTo,
  loginLastsMs,
  openServiceApi,
  requireTag,
  type ServiceApi,
  type ServiceLocation,
} from '@deploy/cloudrun';
import { joinEvidence, reportedBaseUrl, reportedRoles } from '@deploy/report';
import {
  decisiveFailure,
  isOutOfReach,
  readServedBuild,
  runControlSmoke,
  type SmokeOutcome,
  smokeFailure,
  smokeNotes,
} from '@deploy/smoke';
import { openDisplay } from './promote-display.ts';
import { recordEvent } from './promote-evidence.ts';
import { whatNow } from './promote-lines.ts';
import { requireSignIn, smokeLimits, stageCheckerOf } from './promote-post-stage.ts';
import type { promoteSettings } from './promote-settings.ts';
import { type judgeSettings, limitsOf, type observationSettings } from './settings.ts';
import { thisMachine } from './this-machine.ts';

type Values = SettingsOf<
  typeof cloudSettings & typeof judgeSettings & typeof observationSettings & typeof promoteSettings
> & {
  dryRun: boolean;
  skipMaintenanceCheck: boolean;
  evidenceReport: string | undefined;
  repoRoot: string | undefined;
  serviceDir: string;
  webShellDir: string;
};

export type PromoteRequest = {
  values: Values;
  location: ServiceLocation;
  canary: string | undefined;
  env: Environment;
  out: Output;
  signal: AbortSignal;
};

const EXIT_CODES: Readonly<Record<PromotionOutcome['state'], number>> = {
  promoted: 0,
  'rolled back': 1,
  'not begun': 1,
  held: 3,
  superseded: 3,
  interrupted: 1,
};

/** Raises a candidate to 100 %, and rolls it back if necessary. Returns the exit code; a dry run prints the plan. */
export async function promote({
  values,
  location,
  canary,
  env,
  out,
  signal,
}: PromoteRequest): Promise<number> {
  const settings = walkSettings(values);
  requireTag(settings.tag, location.service, 'CANARY_TAG');
  const signIn = requireSignIn(values);
  if (values.dryRun) return printPlan({ settings, location, canary, out });

  // The connection gets no signal, because a shift that has begun must be completed. The promotion checks the signal
  // between shifts.
  const connection = connectTo(values, env);
  const account = () => accountOf(connection);
  const evidence = await joinEvidence({ ...values, location, account, note: out.note });
  const api = await openServiceApi(connection, location);
  const display = openDisplay(out, location);
  let pollMs = values.pollSeconds * 1000;
  // The report is written in the background, one entry after another: a rollback must not wait for a slow disk.
  let written = Promise.resolve();
  const report = (write: () => Promise<void>): void => {
    written = written.then(write);
  };
  let candidate: string | undefined;
  const reportSmoke = (outcome: SmokeOutcome, revision: string | undefined): void =>
    report(() => evidence.record({ kind: 'smoked', outcome, ...(revision && { revision }) }));
  const smoke = smokerOf(env);
  const { controlToken: accessToken } = values;
  try {
    const outcome = await walkPromotion({
      settings,
      location,
      api,
      canary,
      rolledBack: await rolledBackByHand(evidence.path),
      walker: await walkerHere(account),
      async openSource(stable, candidate) {
        const { source } = values;
        // Each poll reads the last 45 seconds again, because entries for them may still arrive. The service also logs
        // page views, which can double the number of entries. So a poll may read as many entries as there are requests
        // in twice that time, 1.5 minutes.
        const habit = { polls: Math.ceil(60 / values.pollSeconds), minutesAtOnce: 1.5 };
        const opened = await openObservationSource(connection, location, {
          ...{ source, stable, canary: candidate, habit, patience: 'a poll' },
        });
        if (opened.name === 'monitoring') pollMs *= 6;
        display.note(`reading ${opened.name}: ${opened.why}`);
        return opened;
      },
      async smoke(url, of) {
        const { outcome, look } = await smoke(url);
        // A smoke that reached nobody shows nothing of the service, so it must not count against it in the report, nor say
        // there that the candidate answered. The promotion's own notes tell of it.
        if (look.isOutOfReach) return look;
        // The candidate's URL is that of its tag, so only the candidate can have answered.
        reportSmoke(outcome, of === 'candidate' ? candidate : undefined);
        return look;
      },
      async readBuild(url) {
        return (await readServedBuild(smokeOptions(url, env)))?.buildId;
      },
      checkStage: stageCheckerOf({
        ...{ env, accessToken, signIn },
        report: (outcome) => reportSmoke(outcome, candidate),
      }),
      loginLastsMs: () => loginLastsMs(connection, location),
      async perform(action) {
        display.rest();
        const performed = await performAction(action, { dryRun: false, out });
        if (performed.dryRun) throw new Error('a promotion does not walk in a dry run');
        return performed.outcome;
      },
      async pause() {
        await sleep(pollMs, undefined, { signal }).catch(() => {});
      },
      signal,
      async tell(event) {
        if (event.kind === 'promotionBegun') candidate = event.canary;
        display.show(event);
        report(() => recordEvent(evidence, event, location));
      },
    });
    return endOf(outcome, { location, baseUrl: await baseUrlFor(evidence.path, api), out, signal });
  } finally {
    display.rest();
    await written;
  }
}

/** The address for the next smoke check: the report's, which may be a domain, or the service's own. */
async function baseUrlFor(report: string | undefined, api: ServiceApi): Promise<string | undefined> {
  try {
    return (await reportedBaseUrl(report)) ?? (await api.read()).url;
  } catch {
    // The promotion is over; without the address, only a hint is missing.
    return undefined;
  }
}

async function rolledBackByHand(report: string | undefined) {
  // joinEvidence has already warned about a report that cannot be read.
  const roles = await reportedRoles(report).catch(() => undefined);
  return roles?.canary !== undefined && roles.isRolledBack
    ? { revision: roles.canary, source: roles.source }
    : undefined;
}

function endOf(
  outcome: PromotionOutcome,
  {
    location,
    baseUrl,
    out,
    signal,
  }: { location: ServiceLocation; baseUrl: string | undefined; out: Output; signal: AbortSignal },
): number {
  const { line, hint } = whatNow(outcome, location, baseUrl);
  if (outcome.state === 'interrupted') {
    const { reason } = signal;
    throw new Interrupted(
      reason instanceof Interrupted ? reason.signal : 'SIGINT',
      `interrupted ${line}`,
      hint,
    );
  }
  if (outcome.state === 'promoted') {
    out.data(`[promote] done. ${line}`);
    out.note(hint);
    return 0;
  }
  throw new UserError(line, { hint, exitCode: EXIT_CODES[outcome.state] });
}

function walkSettings(values: Values): WalkSettings {
  if (values.maxWindowMinutes < values.windowMinutes) {
    throw new UserError(
      `CANARY_MAX_WINDOW is ${values.maxWindowMinutes}m, which is shorter than CANARY_WINDOW, ${values.windowMinutes}m`,
    );
  }
  const { steps, windowMinutes, maxWindowMinutes, onInconclusive, canaryTag: tag, retry, takeOver } = values;
  return {
    ...{ steps, windowMinutes, maxWindowMinutes, onInconclusive, tag, retry, takeOver },
    limits: limitsOf(values),
    skipMaintenanceCheck: values.skipMaintenanceCheck,
  };
}

async function printPlan({
  settings,
  location,
  canary = '<canary>',
  out,
}: {
  settings: WalkSettings;
  location: ServiceLocation;
  canary: string | undefined;
  out: Output;
}): Promise<number> {
  for (const { says, command } of planPromotion(settings, location, { stable: '<stable>', canary })) {
    out.data(`[promote] ${says}`);
    if (command === undefined) continue;
    const perform = () => Promise.reject(new Error('a dry run does nothing'));
    await performAction({ announcement: command, perform }, { dryRun: true, out });
  }
  return 0;
}

async function walkerHere(account: () => Promise<string | undefined>): Promise<Walker> {
  return {
    account: (await account()) ?? userName(),
    pid: process.pid,
    ...thisMachine(),
  };
}

/** Makes a function that runs the checks of smoke-control against a URL, and reads which build answered. */
function smokerOf(env: Environment) {
  return async (baseUrl: string): Promise<{ outcome: SmokeOutcome; look: SmokeLook }> => {
    const options = smokeOptions(baseUrl, env);
    const [outcome, build] = await Promise.all([
      runControlSmoke({ ...options, accessToken: undefined, bypassToken: undefined }),
      readServedBuild(options),
    ]);
    const failure = smokeFailure(outcome);
    const hint = decisiveFailure(outcome)?.hint;
    const look = {
      passed: failure === undefined,
      ...(failure !== undefined && { why: failure.message }),
      ...(hint !== undefined && { hint }),
      isOutOfReach: isOutOfReach(outcome),
      ...build,
      notes: smokeNotes(outcome),
    };
    return { outcome, look };
  };
}

function smokeOptions(baseUrl: string, env: Environment) {
  return { ...smokeLimits, baseUrl, env, script: 'canary-rollout' };
}
