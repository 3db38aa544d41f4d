import { durationText } from '@deploy/cli';
import type { Share } from '@deploy/cloudrun';
import type { RootContent } from 'mdast';
import type { ReportRecord } from '../record/schema.ts';
import { describeSplit } from '../record/split.ts';
import { paragraph } from './markdown.ts';

export function moment(at: string): string {
  return `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A duration for people; empty when it is not known. */
export function duration(ms: number | undefined): string {
  return ms === undefined ? '' : durationText(ms);
}

/** A split in words, or `otherwise` when it is not known. */
export function splitOr(split: ReportRecord['trafficBefore'], otherwise: string): string {
  return split === undefined ? otherwise : describeSplit(split);
}

/** A line that says how many earlier entries of a table were dropped, if any were. */
export function leftOut(count: number | undefined, what: string): RootContent[] {
  return count === undefined || count === 0 ? [] : [paragraph(`${count} earlier ${what} were left out.`)];
}

/** A count with its noun, such as `1 step` or `12 steps`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** A split with the revisions' short names, for tables with many splits: `00041-abc 95 %, 00042-def 5 %`. */
export function shortSplit(split: readonly Share[], service: string): string {
  return describeSplit(split.map((share) => ({ ...share, revision: shortName(share.revision, service) })));
}

/** A revision's name without the service's name that Cloud Run puts in front. */
export function shortName(revision: string, service: string): string {
  return revision.startsWith(`${service}-`) ? revision.slice(service.length + 1) : revision;
}
