import { stripVTControlCharacters } from 'node:util';

/**
 * Text from outside (API messages, child output) made safe to show: escape sequences and control characters are
 * removed, since a terminal acts on them; tabs and line breaks stay.
 */
export function cleanText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
  return stripVTControlCharacters(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

/** The same on one line and at most `maxLength` characters: for text that is quoted inside a sentence. */
export function cleanLine(text: string, maxLength = 500): string {
  const line = cleanText(text).replace(/\s+/g, ' ').trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}
