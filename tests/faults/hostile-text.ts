import fc from 'fast-check';

/** What shells, terminals, URLs, YAML, Markdown and file systems take for more than text. */
export const NASTY = [
  '; touch pwned',
  '$(touch pwned)',
  '`touch pwned`',
  '| touch pwned',
  '&& touch pwned',
  '\n',
  '\r',
  '\u0000',
  '\u001b[2J',
  '\u001b]0;title\u0007',
  '\u009b31m',
  '\u202e',
  '-rf',
  '--format=json',
  '../',
  '/../../etc/passwd',
  '%2e%2e%2f',
  "'",
  '"',
  '<b>',
  '::error::',
  '${IFS}',
  '*',
  '\ufffd',
  '\ud800',
  'é',
  '😀',
  '0x10',
  '010',
  '1e3',
] as const;

const MEGABYTE = 1024 * 1024;

/**
 * What a long text may be long of, and what may come before and after it: a pattern may take to one and choke on the
 * other.
 */
const UNITS = [
  'a',
  '-',
  '/',
  'a-',
  '.',
  '\n',
  ' ',
  '\u001b',
  '\u001b[31m',
  '\u001b]0;title',
  '\u001b\u001b]]',
  '%41',
  ',',
  '"',
  '{',
  '[',
  ':',
  '=a;',
  '\u202e',
];
const ENDS = ['', 'x', '/', '\n', '"'];

/** Every kind of long text there is, of about so many characters, with each of these ends. */
export function longTexts(length: number, ends: readonly string[] = ENDS): string[] {
  return UNITS.flatMap((unit) => ends.map((end) => `${unit.repeat(length / unit.length)}${end}`));
}

const SURROGATES_AT = 0xd800;
const SURROGATES = 0x800;

/**
 * Any character at all, without halves of one. As `unit: 'binary'` of fast-check, which takes seconds to list them all
 * first.
 */
const anyCharacter = fc.integer({ min: 0, max: 0x10ffff - SURROGATES }).map(
  (nth) => String.fromCodePoint(nth < SURROGATES_AT ? nth : nth + SURROGATES),
  (character) => {
    const point = String(character).codePointAt(0) ?? 0;
    return point < SURROGATES_AT ? point : point - SURROGATES;
  },
);

/**
 * Texts that people, servers and files may hand in: any characters at all, nasty pieces joined, and one in a thousand a
 * megabyte.
 */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  { weight: 400, arbitrary: fc.string({ unit: anyCharacter, maxLength: 80 }) },
  {
    weight: 400,
    arbitrary: fc
      .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ maxLength: 6 })), { maxLength: 8 })
      .map((parts) => parts.join('')),
  },
  {
    weight: 199,
    arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...ENDS), fc.constantFrom(...UNITS), fc.constantFrom(...ENDS))
      .map(([start, unit, end]) => `${start}${unit.repeat(MEGABYTE / unit.length)}${end}`),
  },
);
