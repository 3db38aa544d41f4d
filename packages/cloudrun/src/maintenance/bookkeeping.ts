import type { Service } from '../service/service.ts';
import { type Share, servedShares } from '../service/traffic.ts';

// What must be remembered about a maintenance window is kept in annotations of the service itself, so that whoever
// closes the window finds it there, even after an interruption. Cloud Run leaves annotations with keys like these to
// the user (Service.annotations in google/cloud/run/v2/service.proto).
const REPLACED_SPLIT = 'openagents.com/maintenance-replaced-traffic';
const STANDS_IN_FOR = 'openagents.com/maintenance-stands-in-for';

type Annotations = Readonly<Record<string, string>>;

/**
 * The service's annotations with the split that a maintenance revision is about to replace. With `isOpen`, the window
 * is open already and only gets a new token. The split from before it was opened is then kept, if it is known.
 */
export function recordSplit(
  service: Service,
  { isOpen, revision }: { isOpen: boolean; revision: string },
): Annotations {
  const shares = isOpen ? replacedSplit(service) : servedShares(service);
  return shares === undefined
    ? forgetSplit(service.annotations)
    : withReplacedSplit(service.annotations, revision, shares);
}

/**
 * The annotations with `shares` stored as the split to restore when this maintenance revision gives the traffic back.
 */
export function withReplacedSplit(
  annotations: Annotations,
  revision: string,
  shares: readonly Share[],
): Annotations {
  const text = shares.map((share) => `${share.revision}=${share.percent}`).join(',');
  return { ...annotations, [REPLACED_SPLIT]: `${revision};${text}` };
}

export function forgetSplit({ [REPLACED_SPLIT]: _, ...others }: Annotations): Annotations {
  return others;
}

/** The annotations, but with the stored split of `before`, or with none if `before` has none. */
export function withSplitOf(before: Annotations, annotations: Annotations): Annotations {
  const stored = before[REPLACED_SPLIT];
  return { ...forgetSplit(annotations), ...(stored !== undefined && { [REPLACED_SPLIT]: stored }) };
}

export function storesSplit(annotations: Annotations): boolean {
  return annotations[REPLACED_SPLIT] !== undefined;
}

/**
 * The split to restore when the window is closed. It was stored for one revision, and counts only while that revision
 * has all the traffic; otherwise somebody has moved the traffic since. Undefined if no such split is stored, or if it
 * cannot be understood.
 */
export function replacedSplit(service: Service): Share[] | undefined {
  const [holder, text] = service.annotations[REPLACED_SPLIT]?.split(';') ?? [];
  const [serving] = servedShares(service);
  if (text === undefined || serving?.revision !== holder || serving?.percent !== 100) return undefined;
  const shares = text.split(',').map((entry) => {
    const [revision = '', percent = ''] = entry.split('=');
    return { revision, percent: /^\d{1,3}$/.test(percent) ? Number(percent) : Number.NaN };
  });
  const total = shares.reduce((sum, { percent }) => sum + percent, 0);
  return total === 100 && shares.every(({ revision }) => revision !== '') ? shares : undefined;
}

/**
 * Returns annotations that say: for now, the service has the template of the revision `window`. Later it must get back
 * the template of the revision `replaced`.
 */
export function recordStandIn(annotations: Annotations, window: string, replaced: string): Annotations {
  return { ...annotations, [STANDS_IN_FOR]: `${window};${replaced}` };
}

export function forgetStandIn({ [STANDS_IN_FOR]: _, ...others }: Annotations): Annotations {
  return others;
}

/**
 * The revision whose template a maintenance window has temporarily replaced on the service; undefined if there is none.
 * The annotation counts only while the service's template still names the window's revision. A later deployment changes
 * or drops that name, because the platform refuses a used name with another configuration.
 */
export function standsInFor({
  annotations,
  template,
}: Pick<Service, 'annotations' | 'template'>): string | undefined {
  const [window, replaced] = annotations[STANDS_IN_FOR]?.split(';') ?? [];
  return window !== undefined && window === template.revision && replaced ? replaced : undefined;
}
