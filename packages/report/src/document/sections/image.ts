import type { RootContent } from 'mdast';
import type { ReportRecord } from '../../record/schema.ts';
import { code, heading, type Inline, list } from '../markdown.ts';

export function imageSection({ image, revisions, stable }: ReportRecord): RootContent[] {
  return [
    heading(2, 'Image and revisions'),
    list([
      ['Image: ', code(image.reference)],
      ['Tag: ', image.tag === undefined ? 'none' : code(image.tag)],
      ['Digest: ', image.digest === undefined ? 'not looked up' : code(image.digest)],
      ['Stable revision: ', stable === undefined ? 'not known' : code(stable)],
      ['Revision deployed: ', ...deployed(revisions)],
    ]),
  ];
}

function deployed({ after, deployed: first }: ReportRecord['revisions']): Inline[] {
  if (after === undefined) return ['none so far'];
  if (first === undefined) return [code(after)];
  return [
    code(first),
    ', in maintenance mode. Closing the window made a copy without it, which is the candidate: ',
    code(after),
  ];
}
