import type { Share } from '@deploy/cloudrun';
import type { ReportRecord } from '../record/schema.ts';
import { shortName } from './words.ts';

/**
 * The traffic split over time as a Mermaid timeline: a column for each change, with the shares below it, and a section
 * for each day. All columns are equally wide. (In a Gantt chart, a minute at 5 % would vanish beside a day at 100 %.)
 */
export function trafficTimeline({ service, startedAt, trafficBefore, trafficChanges }: ReportRecord): string {
  const columns = [
    ...(trafficBefore === undefined ? [] : [{ at: startedAt, period: 'before', split: trafficBefore }]),
    ...trafficChanges.map(({ at, after }) => ({ at, period: clock(at), split: after })),
  ];
  const lines = ['timeline'];
  let day = '';
  for (const { at, period, split } of columns) {
    if (day !== dayOf(at)) {
      day = dayOf(at);
      lines.push(`    section ${day}`);
    }
    lines.push(`        ${period} : ${events(split, service)}`);
  }
  return lines.join('\n');
}

function events(split: readonly Share[], service: string): string {
  if (split.length === 0) return 'nothing';
  return split.map(({ revision, percent }) => `${label(revision, service)} ${percent} %`).join(' : ');
}

// A box of the timeline is about 20 characters wide, and Mermaid breaks lines only at spaces. The table below the
// timeline has the full name.
const LONGEST_LABEL = 20;

/** Plain characters only: colons, `#` and `;` mean something in a timeline, and Mermaid decodes no entities there. */
function label(revision: string, service: string): string {
  const plain = shortName(revision, service).replace(/[^A-Za-z0-9._-]/g, '_');
  return plain.length <= LONGEST_LABEL ? plain : `..${plain.slice(-LONGEST_LABEL)}`;
}

function dayOf(at: string): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** A time of day without the colon, which would end the column's name. */
function clock(at: string): string {
  const [hours, minutes, seconds] = new Date(at).toISOString().slice(11, 19).split(':');
  return `${hours}h${minutes}m${seconds}`;
}
