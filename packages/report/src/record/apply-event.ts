import type { GateResult } from '@deploy/gates';
import type { Occasion, RolloutEvent } from '../evidence/rollout-event.ts';
import {
  deployed,
  gatesRun,
  maintenanceChanged,
  matrixRun,
  reachedAt,
  servingFoundAnew,
  smoked,
  tagsReachedAt,
  trafficFound,
  trafficShifted,
} from './events.ts';
import { promotionBegun, promotionEnded, promotionNoted, promotionObserved } from './promotion.ts';
import type { GateEntry, ReportRecord } from './schema.ts';
import { stepBegun, stepEnded } from './steps.ts';

export function applyEvent(record: ReportRecord, event: RolloutEvent, occasion: Occasion): ReportRecord {
  switch (event.kind) {
    case 'begun':
      return stepBegun(record, event, occasion);
    case 'ended':
      return stepEnded(record, event);
    case 'domainMappingSeen':
      return { ...record, domainMapping: { domain: event.domain, state: event.state } };
    case 'digestResolved':
      return { ...record, image: { ...record.image, digest: event.digest } };
    case 'servingFound':
      return servingFoundAnew(record, event);
    case 'reachedAt':
      return reachedAt(record, event.baseUrls);
    case 'tagsReachedAt':
      return tagsReachedAt(record, event.baseUrls);
    case 'gatesRun': {
      const { results, leftOut } = event.run;
      return gatesRun(record, gateEntries(results), leftOut.length > 0 ? 'partial' : 'all');
    }
    case 'gatesSkipped':
      return gatesRun(record, [], 'skipped');
    case 'deployed':
      return deployed(record, event.deployment, event.stable);
    case 'trafficShifted':
      return trafficShifted(record, event, occasion);
    case 'trafficFound':
      return trafficFound(record, event, occasion);
    case 'smoked':
      return smoked(record, event, occasion);
    case 'promotionBegun':
      return promotionBegun(record, event, occasion);
    case 'promotionObserved':
      return promotionObserved(record, event);
    case 'promotionNoted':
      return promotionNoted(record, event, occasion);
    case 'promotionEnded':
      return promotionEnded(record, event, occasion);
    case 'maintenanceChanged':
      return maintenanceChanged(record, event.outcome, event.stable, occasion);
    case 'matrixRun':
      return matrixRun(record, { at: occasion.at, ...event.matrix });
  }
}

function gateEntries(results: readonly GateResult[]): GateEntry[] {
  return results.map((result) => ({
    gate: result.gate,
    verdict: result.state,
    ...(result.state === 'not-run' ? {} : { durationMs: result.durationMs }),
    ...(result.state === 'failed' ? { exitCode: result.exitCode } : {}),
    ...(result.state === 'passed' ? { cache: result.cache, source: result.source } : {}),
  }));
}
