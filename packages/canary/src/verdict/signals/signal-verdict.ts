import type { Tally } from '../../statistics/tally.ts';
import { countText } from '../figures.ts';
import { type AuditCounts, currentStep, type Promotion } from '../promotion.ts';
import type { Comparison } from './comparison.ts';
import { coarseness } from './latency.ts';
import {
  isErrorRateBad,
  isSampled,
  isSlowAt100,
  LEAST_PATH_PERCENT,
  lnBound,
  mayBeChance,
  type SignalName,
  signalNames,
} from './rules.ts';

/** What one signal shows, with the figures of the current step. */
export type SignalVerdict = {
  readonly signal: SignalName;
  readonly verdict: 'healthy' | 'unhealthy' | 'inconclusive' | 'not judged';
  readonly stable?: Tally;
  readonly canary?: Tally;
  /** The limit for the candidate, in words. */
  readonly limit?: string;
  /**
   * For signals that are compared with stable: the evidence against the candidate, and how much of it leads to a
   * rollback. Both are natural logarithms (ln).
   */
  readonly lnEvidence?: number;
  readonly lnBound?: number;
  /** A note for the reader, such as why the signal was not judged. */
  readonly note?: string;
};

/** The verdict of each signal, in the order of `signalNames`. */
export function signalVerdicts(
  promotion: Promotion,
  bad: readonly SignalName[],
  isWindowOver: boolean,
): SignalVerdict[] {
  return signalNames.map((signal) => {
    const figures = figuresOf(promotion, signal);
    const verdict = bad.includes(signal)
      ? 'unhealthy'
      : !figures.isMeasured
        ? 'not judged'
        : isDoubtful(promotion, signal, isWindowOver)
          ? 'inconclusive'
          : 'healthy';
    return { signal, verdict, ...figures.shown };
  });
}

function isDoubtful(promotion: Promotion, signal: SignalName, isWindowOver: boolean): boolean {
  if (signal === 'errors') return isErrorRateBad(promotion) && !mayBeChance(promotion);
  return signal === 'latency' && isWindowOver && isSlowAt100(promotion);
}

type Figures = { isMeasured: boolean; shown: Omit<SignalVerdict, 'signal' | 'verdict'> };

function figuresOf(promotion: Promotion, signal: SignalName): Figures {
  const { plan, audit } = promotion;
  switch (signal) {
    case 'smoke':
    case 'readiness': {
      const looks = promotion[signal];
      return {
        isMeasured: looks.requests > 0,
        shown: looks.requests > 0 ? { canary: looks, limit: 'none fails' } : {},
      };
    }
    case 'errors':
      return compared(promotion, promotion.errors, `${plan.limits.max5xxPercent} %`);
    case 'sign-in':
      return pathFigures(promotion, promotion.signIn);
    case 'sync tokens':
      return pathFigures(promotion, promotion.syncToken);
    case 'latency':
      return latencyFigures(promotion);
    case 'audit events':
      return {
        isMeasured: audit.isMeasured,
        shown: audit.isMeasured ? { limit: 'pages log decisions', note: decisionsText(audit) } : {},
      };
  }
}

function decisionsText(audit: AuditCounts): string {
  const { pages, decisions, stable } = audit;
  const own = `${decisions} for ${pages} pages`;
  if (decisions > 0 || !isSampled(audit)) return own;
  return `${own}; stable's: ${countText(stable.decisions)} for ${countText(stable.pages)}`;
}

function pathFigures(promotion: Promotion, comparison: Comparison): Figures {
  if (comparison.isMeasured || promotion.plan.affinity)
    return compared(promotion, comparison, `${LEAST_PATH_PERCENT} %, 2 x stable`);
  return {
    isMeasured: false,
    shown: {
      note: 'not judged: without session affinity on both revisions the split itself breaks sign-ins',
    },
  };
}

function latencyFigures(promotion: Promotion): Figures {
  const { threshold, comparison } = promotion.latency;
  if (threshold.state === 'out of range')
    return {
      isMeasured: false,
      shown: { note: 'not judged: the threshold for slow lies above the last bucket bound' },
    };
  if (threshold.state === 'learning')
    return threshold.seen.length === 0
      ? { isMeasured: false, shown: {} }
      : {
          isMeasured: false,
          shown: { note: 'not judged yet: without a history, the first 3 minutes show what is slow' },
        };
  const figures = compared(promotion, comparison, `5 % over ${roundedMs(threshold.ms)} ms`);
  const ratio = coarseness(promotion.latency);
  if (ratio === undefined) return figures;
  const note = `buckets are coarse: slow begins at ${ratio.toFixed(1)} x p95, so twice as slow may pass`;
  return { ...figures, shown: { ...figures.shown, note } };
}

/** Milliseconds for people. They are rounded because a bucket bound may have many digits. */
export function roundedMs(ms: number): string {
  return String(Number(ms.toPrecision(3)));
}

function compared(promotion: Promotion, comparison: Comparison, limit: string): Figures {
  const { isMeasured, canary, stable, evidence } = comparison;
  if (!isMeasured) return { isMeasured, shown: {} };
  return {
    isMeasured,
    shown: {
      stable,
      canary,
      limit,
      lnEvidence: Math.round(evidence.ln * 1e6) / 1e6,
      lnBound: Math.round(lnBound(promotion) * 1e6) / 1e6,
      ...(currentStep(promotion) === 100 ? { note: 'stable: its earlier minutes, not the same ones' } : {}),
    },
  };
}
