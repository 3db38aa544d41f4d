import type { RunningPromotion } from '@deploy/canary';
import { ageText, alignedRows, cleanLine, type NextStep } from '@deploy/cli';
import {
  briefRevision,
  briefShares,
  nextSteps,
  type Overview,
  type OverviewRow,
  type ServiceLocation,
  serviceCommand,
} from '@deploy/cloudrun';

type ScreenContext = {
  location: ServiceLocation;
  /** The stored promotion, unless the traffic was moved by somebody else. It is running or can be resumed. */
  promotion: { percent: number } | undefined;
  /** Who is running that promotion; undefined if nobody is. */
  running: RunningPromotion | undefined;
  isRolledBack: boolean;
  lacksHealthSmoke: boolean;
  now: number;
  columns: number;
};

/** A service's state on one screen, for a person: its revisions with their roles, the window, and what to do next. */
export function statusScreen(
  overview: Overview,
  context: ScreenContext,
): { lines: string[]; next: NextStep[] } {
  const { location, promotion, running, isRolledBack, lacksHealthSmoke } = context;
  const { service, shares, stable, canary, window } = overview;
  const standing = {
    ...{ shares, stable, canary, isRolledBack, window, lacksHealthSmoke },
    isPromotion: promotion !== undefined,
    baseUrl: service.url || undefined,
  };
  const next = running === undefined ? nextSteps(location, standing) : [stopIt(location, running)];
  return {
    lines: [
      `${location.service} in ${location.region} of ${location.project}`,
      '',
      ...revisionLines(overview, context),
      '',
      ...promotionLines(context),
      ...windowLines(overview, context),
    ],
    next: next.length > 0 ? next : [newRollout(location, isRolledBack ? canary : undefined)],
  };
}

function newRollout(location: ServiceLocation, rolledBack: string | undefined): NextStep {
  const script = location.service.endsWith('-staging') ? 'deploy-staging' : 'deploy-production';
  return {
    says: `next: ${rolledBack === undefined ? 'nothing is under way' : `${briefRevision(rolledBack, location.service)} was rolled back`}; to deploy, set IMAGE to the new image, then`,
    command: serviceCommand(location, script),
  };
}

const GAP = '  ';

/**
 * One row for each revision. Names are never cut, because commands need the whole name. If any row is too wide, each
 * revision's less important cells go on a second line.
 */
function revisionLines({ rows }: Overview, { now, columns }: ScreenContext): string[] {
  const head = ['revision', 'traffic', 'role', 'image', 'digest', 'age', 'tag'];
  const cells = rows.map((row) => cellsOf(row, now));
  const whole = alignedRows([head, ...cells]);
  if (whole.every((each) => each.length <= columns)) return whole;
  return cells.flatMap(
    ([revision = '', traffic = '', role = '', image = '', digest = '', age = '', tag = '']) => [
      [revision, traffic, role].filter((cell) => cell !== '').join(GAP),
      `    ${[image, digest, age && `${age} old`, tag && `tag ${tag}`].filter((cell) => cell !== '').join(GAP)}`,
    ],
  );
}

function cellsOf({ revision, percent, roles, imageTag, digest, createTime, tags }: OverviewRow, now: number) {
  return [
    revision,
    `${percent} %`,
    roles.join(', ') || '-',
    cleanLine(imageTag ?? '-', 40),
    digest?.replace('sha256:', '').slice(0, 12) ?? '-',
    ageText(now - Date.parse(createTime)),
    tags.join(', '),
  ];
}

function promotionLines({ promotion, running, now }: ScreenContext): string[] {
  if (running !== undefined) {
    const { canary, percent, startedAt, by } = running;
    return [
      `promotion: RUNNING, at ${percent} %, for ${ageText(now - Date.parse(startedAt))}`,
      `  of ${canary}`,
      `  since ${startedAt}, by ${cleanLine(by.account, 60)} on ${cleanLine(by.host, 60)} (process ${by.pid})`,
    ];
  }
  return promotion === undefined
    ? []
    : [`promotion: stopped at ${promotion.percent} %, nobody is running it`];
}

function stopIt(location: ServiceLocation, { stable }: RunningPromotion): NextStep {
  return {
    says: 'next: nothing, the promotion continues by itself; to stop it and go back',
    command: serviceCommand(location, 'canary-rollout', ['rollback', stable]),
  };
}

function windowLines({ window }: Overview, { location, now }: ScreenContext): string[] {
  if (window === undefined) return ['maintenance window: closed'];
  const { percent, since, by, backTo, mustMoveTraffic } = window;
  const open = percent === 100 ? 'OPEN' : `open for ${percent} % of the traffic only`;
  return [
    `maintenance window: ${open}, for ${ageText(now - Date.parse(since))}`,
    `  since ${since}, by ${cleanLine(by, 60)}`,
    `  closing it ${afterClosing()}`,
  ];

  function afterClosing(): string {
    if (backTo !== undefined) return `goes back to ${briefShares(backTo, location.service)}`;
    return mustMoveTraffic
      ? 'gives the traffic to a copy of the serving revision'
      : 'leaves the traffic where it is';
  }
}
