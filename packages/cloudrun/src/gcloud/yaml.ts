/** Any value that a Knative v1 resource can contain. */
export type YamlValue = string | number | boolean | YamlValue[] | { [key: string]: YamlValue | undefined };

/**
 * Prints a mapping as YAML, character for character as gcloud does, so that programs that read gcloud's output keep
 * working. Keys are in alphabetical order, sequences are not indented, and strings are quoted and folded as by
 * ruamel.yaml, the library that gcloud uses (its emitter.py and resolver.py, YAML 1.2). No general YAML library prints
 * this form.
 */
export function gcloudYaml(mapping: { [key: string]: YamlValue | undefined }): string {
  return mappingLines(mapping, '').join('\n');
}

function mappingLines(mapping: { [key: string]: YamlValue | undefined }, indent: string): string[] {
  return Object.entries(mapping)
    .filter((entry): entry is [string, YamlValue] => entry[1] !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([key, value]) => {
      const start = `${indent}${key}:`;
      if (isEmpty(value) || typeof value !== 'object') return scalarLines(start, value, `${indent}  `);
      return Array.isArray(value)
        ? [start, ...value.flatMap((item) => itemLines(item, indent))]
        : [start, ...mappingLines(value, `${indent}  `)];
    });
}

function itemLines(item: YamlValue, indent: string): string[] {
  const inner = `${indent}  `;
  if (isEmpty(item) || typeof item !== 'object') return scalarLines(`${indent}-`, item, inner);
  const lines = Array.isArray(item)
    ? item.flatMap((each) => itemLines(each, inner))
    : mappingLines(item, inner);
  return lines.map((line, i) => (i === 0 ? `${indent}- ${line.slice(inner.length)}` : line));
}

function isEmpty(value: YamlValue): boolean {
  return typeof value === 'object' && Object.values(value).every((each) => each === undefined);
}

function scalarLines(start: string, value: YamlValue, indent: string): string[] {
  if (typeof value === 'object') return [`${start} ${Array.isArray(value) ? '[]' : '{}'}`];
  if (typeof value !== 'string') return [`${start} ${value}`];
  if (value.includes('\n')) return literal(start, value, indent);
  if (isPlain(value)) return folded(`${start} `, value, indent, '');
  if (!value.includes("'") && isPrintable(value)) return folded(`${start} '`, value, indent, "'");
  return doubleQuoted(`${start} "`, value, indent);
}

// A line is folded at the first single space after this column.
const WIDTH = 80;

/** Text that may be folded at any single space between two words. */
function folded(start: string, text: string, indent: string, end: string): string[] {
  const lines: string[] = [];
  let line = start;
  const words = text.split(/( +)/);
  words.forEach((word, i) => {
    const isBreak = word === ' ' && i > 0 && words[i - 1] !== '' && i < words.length - 1;
    if (isBreak && words[i + 1] !== '' && widthOf(line) > WIDTH) {
      lines.push(line);
      line = indent;
    } else line += word;
  });
  return [...lines, `${line}${end}`];
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\u2028': 'L',
  '\u2029': 'P',
};

/** A string in double quotes. If it is long, it is folded with a backslash, before a space or after an escape. */
function doubleQuoted(start: string, text: string, indent: string): string[] {
  const characters = Array.from(text);
  const lines: string[] = [];
  let line = start;
  const breakBefore = (next: string | undefined): void => {
    lines.push(`${line}\\`);
    line = next === ' ' ? `${indent}\\` : indent;
  };
  let followsEscape = false;
  characters.forEach((character, i) => {
    const mayBreak = i > 0 && i < characters.length - 1;
    const shown = escaped(character);
    const isEscape = shown !== character;
    const isAtBreak = !isEscape && (character === ' ' || followsEscape);
    if (isAtBreak && mayBreak && widthOf(line) > WIDTH) breakBefore(character);
    line += shown;
    if (isEscape && mayBreak && widthOf(line) > WIDTH + 1) breakBefore(characters[i + 1]);
    followsEscape = isEscape;
  });
  return [...lines, `${line}"`];
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const known = ESCAPES[character];
  if (known !== undefined) return `\\${known}`;
  const isShown = (code >= 0x20 && code <= 0x7e) || (code >= 0xa0 && code <= 0xfffd && code !== 0xfeff);
  if (isShown && !(code >= 0xd800 && code <= 0xdfff)) return character;
  const digits = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${digits.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${digits.padStart(4, '0')}` : `\\U${digits.padStart(8, '0')}`;
}

/** Text of several lines, as a literal block (`|`). */
function literal(start: string, text: string, indent: string): string[] {
  const isIndented = /^[ \n\x85\u2028\u2029]/.test(text);
  const endsInBreak = /[\n\x85\u2028\u2029]$/.test(text);
  const endsInBlank = endsInBreak && (text.length === 1 || /[\n\x85\u2028\u2029].$/s.test(text));
  const keep = endsInBreak ? (endsInBlank ? '+' : '') : '-';
  const lines = (endsInBreak ? text.slice(0, -1) : text).split('\n');
  return [
    `${start} |${isIndented ? 2 : ''}${keep}`,
    ...lines.map((line) => (line === '' ? '' : `${indent}${line}`)),
  ];
}

/** Whether text needs no quotes: it contains nothing with a meaning in YAML and cannot be read as another type. */
function isPlain(text: string): boolean {
  return (
    text !== '' &&
    !/^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?:[ \t\r]|$)| )/.test(text) &&
    !/:(?:[ \t\r]|$)|[ \t\r]#| $/.test(text) &&
    !/[\x85\u2028\u2029]/.test(text) &&
    isPrintable(text) &&
    !OTHER_TYPES.some((pattern) => pattern.test(text))
  );
}

function isPrintable(text: string): boolean {
  return /^(?:[\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|[\u{10000}-\u{10ffff}])*$/u.test(text);
}

// Text that ruamel.yaml's resolver does not read as a string: booleans, floats, integers, merge keys, null, dates and
// `=`.
const OTHER_TYPES = [
  /^(?:true|True|TRUE|false|False|FALSE)$/,
  /^[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?$/,
  /^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$/,
  /^[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?$/,
  /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  /^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+)$/,
  // Without a sign, an integer must begin with a digit. After a sign, it may begin with an underscore.
  /^(?:[-+][0-9_]+|[0-9][0-9_]*)$/,
  /^<<$/,
  /^(?:~|null|Null|NULL)$/,
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
  /^[0-9]{4}-[0-9]{2}?-[0-9]{2}?(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?$/,
  /^=$/,
];

function widthOf(line: string): number {
  return Array.from(line).length;
}
