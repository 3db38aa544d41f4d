import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { code, heading, list } from '../markdown.ts';

export function imageSection({ image, revisions }: ReportRecord): RootContent[] {
  return [
    heading(2, 'Image and revisions'),
    list([
      ['Image: ', code(image.reference)],
      ['Tag: ', image.tag === undefined ? 'none' : code(image.tag)],
      ['Digest: ', image.digest === undefined ? 'not looked up' : code(image.digest)],
      ['Stable revision: ', revisions.before === undefined ? 'not known' : code(revisions.before)],
      ['Revision deployed: ', revisions.after === undefined ? 'none so far' : code(revisions.after)],
    ]),
  ];
}
