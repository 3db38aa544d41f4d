/** A report's file taken apart: the front matter, and the notes as the bytes they are. The body is never read. */
export type DocumentParts = {
  frontMatter: string;
  /** From the heading on; undefined when there is none. */
  notes: Buffer | undefined;
};

const FRONT_MATTER = /^(?:\xef\xbb\xbf)?---[ \t]*\r?\n([\s\S]*?\n)---[ \t]*(?:\r?\n|$)/;

// People retype headings: any level and any case of it counts, since what were not found would be lost.
const NOTES = /^ {0,3}#{1,6}[ \t]+notes[ \t]*(?:#+[ \t]*)?\r?$/im;

/** Takes a report's file apart. Gives undefined when it has no front matter. */
export function splitDocument(bytes: Buffer): DocumentParts | undefined {
  // In latin1 a character is a byte, so positions hold whatever the encoding.
  const text = bytes.toString('latin1');
  const match = FRONT_MATTER.exec(text);
  const yaml = match?.[1];
  if (match === null || yaml === undefined) return undefined;
  const notes = NOTES.exec(text.slice(match[0].length));
  return {
    frontMatter: Buffer.from(yaml, 'latin1').toString('utf8'),
    notes: notes === null ? undefined : bytes.subarray(match[0].length + notes.index),
  };
}
