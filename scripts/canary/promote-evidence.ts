import type { PromotionEvent } from '@deploy/canary';
import { p95 } from '@deploy/canary/statistics';
import type { Observation } from '@deploy/canary/verdict';
import { type ServiceLocation, stableRevision } from '@deploy/cloudrun';
import type { Evidence } from '@deploy/report';
import { eventLine, whatNow } from './promote-lines.ts';

/** Adds an event of a promotion to the report. */
export async function recordEvent(
  evidence: Evidence,
  event: PromotionEvent,
  location: ServiceLocation,
): Promise<void> {
  switch (event.kind) {
    case 'promotionBegun':
      return evidence.record(event);
    case 'minuteObserved': {
      const { step, stable, canary } = event.minute;
      return evidence.record({
        kind: 'promotionObserved',
        ...{ startsAt: event.startsAt, step, canary: counts(canary) },
        ...(stable && { stable: counts(stable) }),
      });
    }
    case 'stepBegun':
    case 'trafficReturned': {
      const stable = stableRevision(event.change.before);
      await evidence.record({ kind: 'trafficShifted', change: event.change, stable, byPromotion: true });
      break;
    }
    case 'promotionEnded': {
      const { outcome } = event;
      const text = whatNow(outcome, location).line;
      if (outcome.state === 'superseded')
        await evidence.record({ kind: 'trafficFound', shares: outcome.after, by: outcome.by });
      return evidence.record({ kind: 'promotionEnded', state: outcome.state, text });
    }
    case 'polled':
      return;
  }
  const text = eventLine(event);
  if (text !== undefined) await evidence.record({ kind: 'promotionNoted', text });
}

function counts({ requests, errors, latency }: Observation) {
  const ms = latency && p95(latency);
  return { requests, errors, ...(ms !== undefined && Number.isFinite(ms) && { p95Ms: Math.round(ms) }) };
}
