import type { PromotionEvent, PromotionOutcome } from '@deploy/canary';
import { gcloudCommand, ownCommand } from '@deploy/cli';
import { gcloudCommands, type ServiceLocation, serviceCommand } from '@deploy/cloudrun';

type Poll = Extract<PromotionEvent, { kind: 'polled' }>['poll'];

/** An event as a line of text; undefined when there is nothing to say. */
export function eventLine(event: PromotionEvent): string | undefined {
  switch (event.kind) {
    case 'promotionBegun': {
      const walk = `${event.canary} beside ${event.stable}, in steps of ${event.steps.join(', ')} %`;
      return event.resumedAt === undefined
        ? `promoting ${walk}`
        : `resuming at ${event.resumedAt} %: ${walk}; the window starts over`;
    }
    case 'promotionWarned':
      return `warning: ${event.warning}`;
    case 'candidateSmoked': {
      const { look, url, of } = event;
      const build = look.buildId === undefined ? '' : `, build ${look.buildId}`;
      return look.passed
        ? `smoke of the ${of} passed: ${url}${build}`
        : `smoke of the ${of} failed: ${look.why ?? url}`;
    }
    case 'stageChecked': {
      const { percent, look } = event;
      return look.state === 'passed'
        ? `post-stage checks at ${percent} % passed: ${look.checks.join(', ')}`
        : `post-stage checks ${look.state}: ${look.why}`;
    }
    case 'stepBegun':
      return `${event.percent} %: served now, its window begins with the next whole minute`;
    case 'stepJudged':
      return `${event.percent} %: ${event.verdict.verdict}: ${event.verdict.reason} -> ${DECISIONS[event.decision]}${event.isOverride ? ', as CANARY_ON_INCONCLUSIVE says' : ''}`;
    case 'trafficReturned':
      return `all traffic is back, ${(event.tookMs / 1000).toFixed(1)} s after the verdict`;
    default:
      return undefined;
  }
}

/** A poll of a step, in one line. */
export function pollLine({ percent, verdict, unreadable, ...poll }: Poll): string {
  const errors = verdict.signals.find(({ signal }) => signal === 'errors');
  const failed =
    errors?.canary === undefined ? '' : `, ${errors.canary.failed} of ${errors.canary.requests} failed`;
  const minutes = `${Math.max(0, Math.floor(poll.watchedMinutes))} of ${poll.windowMinutes} min${poll.isExtended ? ', extended' : ''}`;
  return `${percent} %, ${minutes}${failed}: ${unreadable === undefined ? verdict.verdict : `cannot be read: ${unreadable}`}`;
}

/** How a promotion ended, in one sentence, and what to do next; `baseUrl` is the service's address, if known. */
export function whatNow(
  outcome: PromotionOutcome,
  at: ServiceLocation,
  baseUrl?: string,
): { line: string; hint: string } {
  const { stable, canary } = outcome;
  const call = (says: string, ...args: string[]): string =>
    `${says}:\n  ${serviceCommand(at, 'canary-rollout', args)}`;
  const back = call('to go back', 'rollback', stable);
  const look = call('to see how the service stands', 'status');
  const onwards = call('next, to resume at this step with a fresh window', 'promote', canary);
  switch (outcome.state) {
    case 'promoted':
      return { line: `${canary} has all the traffic`, hint: `${smokeOf(baseUrl)}${look}\n${back}` };
    case 'not begun':
      return {
        line: `${canary} was not given any traffic: ${outcome.why}`,
        hint: outcome.hint ?? 'Fix it, then deploy it again.',
      };
    case 'rolled back': {
      const line = `${canary} was rolled back at ${outcome.percent} %, and ${stable} has all the traffic: ${outcome.why}`;
      const tagStays = `Its tag stays${outcome.isItsFault ? ', so that you can look into it' : ''}. To remove the tag:\n  ${gcloudCommand(gcloudCommands.removeTag(at, outcome.tag))}`;
      if (!outcome.isItsFault) {
        const again = call('when that is fixed, to begin again', 'promote', canary);
        return { line, hint: `This says nothing about the candidate. ${tagStays}\n${again}` };
      }
      return {
        line,
        hint: [
          tagStays,
          'To send pages to the legacy host as well:',
          `  curl -fsS -X POST ${outcome.serviceUrl}/api/v1/control/route-split/override -H "authorization: Bearer $OPENAGENTS_CONTROL_ACCESS_TOKEN" -H "content-type: application/json" -d '{"target":"legacy"}'`,
        ].join('\n'),
      };
    }
    case 'held':
      return {
        line: `held at ${outcome.percent} %, since nothing could be decided: ${outcome.why}`,
        hint: ['The split stays.', ...(outcome.hint === undefined ? [] : [outcome.hint]), onwards, back].join(
          '\n',
        ),
      };
    case 'superseded':
      return {
        line: `stopped at ${outcome.percent} %, and nothing more was touched: ${outcome.why}`,
        hint: `Agree on who goes first.\n${look}\n${onwards}\n${back}`,
      };
    case 'interrupted':
      if (outcome.percent === 0) {
        const again = call('next, to begin again', 'promote', canary);
        return { line: 'at 0 %: no traffic was moved', hint: again };
      }
      return { line: `at ${outcome.percent} %: the split stays`, hint: `${onwards}\n${back}` };
  }
}

function smokeOf(baseUrl: string | undefined): string {
  if (baseUrl === undefined) return '';
  return `next, to check what serves:\n  ${ownCommand('smoke-health', [], [['OPENAGENTS_BASE_URL', baseUrl]])}\n`;
}

const DECISIONS = {
  wait: 'waiting',
  extend: 'watching longer, up to the longest window',
  hold: 'held',
  advance: 'next step',
  finish: 'done',
  rollback: 'back to stable',
} as const;
