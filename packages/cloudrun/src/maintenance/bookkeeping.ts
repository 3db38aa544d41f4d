import type { Service } from '../service/service.ts';
import { type Share, sharesOf } from '../service/traffic.ts';

// What a window has to remember is kept on the service itself, so that whoever closes it finds it, also after an
// interruption. Keys of this kind are the user's own: Service.annotations in google/cloud/run/v2/service.proto.
const REPLACED_SPLIT = 'openagents.com/maintenance-replaced-traffic';
const STANDS_IN_FOR = 'openagents.com/maintenance-stands-in-for';

type Annotations = Readonly<Record<string, string>>;

/**
 * The annotations with the split put down in them that a maintenance revision is about to replace. A window that is open
 * already, and only gets a new token, keeps the split from before it was opened, if it is known.
 */
export function recordSplit(
  service: Service,
  { isOpen, revision }: { isOpen: boolean; revision: string },
): Annotations {
  const shares = isOpen ? replacedSplit(service) : sharesOf(service.served, service.latestReadyRevision);
  if (shares === undefined) return forgetSplit(service.annotations);
  const text = shares.map((share) => `${share.revision}=${share.percent}`).join(',');
  return { ...service.annotations, [REPLACED_SPLIT]: `${revision};${text}` };
}

export function forgetSplit({ [REPLACED_SPLIT]: _, ...others }: Annotations): Annotations {
  return others;
}

/**
 * The split that was put down when what serves now was given the traffic; undefined when there is none that makes sense.
 * What was put down for another revision is history: somebody has moved the traffic since.
 */
export function replacedSplit(service: Service): Share[] | undefined {
  const [holder, text] = service.annotations[REPLACED_SPLIT]?.split(';') ?? [];
  const [serving] = sharesOf(service.served, service.latestReadyRevision);
  if (text === undefined || serving?.revision !== holder || serving?.percent !== 100) return undefined;
  const shares = text.split(',').map((entry) => {
    const [revision = '', percent = ''] = entry.split('=');
    return { revision, percent: /^\d{1,3}$/.test(percent) ? Number(percent) : Number.NaN };
  });
  const total = shares.reduce((sum, { percent }) => sum + percent, 0);
  return total === 100 && shares.every(({ revision }) => revision !== '') ? shares : undefined;
}

/**
 * The annotations with a note that the template which makes the revision `window` stands in for the one that another
 * revision was made from, until that is written back.
 */
export function recordStandIn(annotations: Annotations, window: string, replaced: string): Annotations {
  return { ...annotations, [STANDS_IN_FOR]: `${window};${replaced}` };
}

export function forgetStandIn({ [STANDS_IN_FOR]: _, ...others }: Annotations): Annotations {
  return others;
}

/**
 * The revision whose template the service's present one stands in for; undefined when it stands for itself. Whoever
 * deploys has to give the template another revision name, or none: the platform refuses the same one with another
 * configuration. So the note is history once the names differ.
 */
export function standsInFor({
  annotations,
  template,
}: Pick<Service, 'annotations' | 'template'>): string | undefined {
  const [window, replaced] = annotations[STANDS_IN_FOR]?.split(';') ?? [];
  return window !== undefined && window === template.revision && replaced ? replaced : undefined;
}
