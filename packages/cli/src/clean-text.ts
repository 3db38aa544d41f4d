import { stripVTControlCharacters } from 'node:util';

const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

// Commands to the terminal, such as window titles and links, up to their end. They are removed before Node's
// stripVTControlCharacters runs, which looks for the end of each in all the text that follows: a megabyte of commands
// without an end takes it a minute.
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const COMMAND = /\u001b\][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const START_OF_COMMAND = /(?<!\u001b)\u001b+\]+/g;

/**
 * Makes text from outside (API messages, output of commands) safe to show. Removes escape sequences and control
 * characters, because a terminal would act on them. Also removes invisible characters, because they disguise text: some
 * change the direction of writing (https://trojansource.codes), some hide a word from a search, and Unicode's tag
 * characters can spell a whole hidden text. Tabs and line breaks stay, and Unicode's separators become line breaks.
 */
export function cleanText(text: string): string {
  const withoutCommands = text.replace(COMMAND, '').replace(START_OF_COMMAND, '');
  return stripVTControlCharacters(withoutCommands)
    .replace(/[\u2028\u2029]/g, '\n')
    .replace(UNSAFE, '');
}

/**
 * Like `cleanText`, but also puts the text on one line, cut to `maxLength` characters, so that a sentence can quote it.
 */
export function cleanLine(text: string, maxLength = 500): string {
  const line = cleanText(text).replace(/\s+/g, ' ').trim();
  return line.length > maxLength ? `${line.slice(0, maxLength)}…` : line;
}
