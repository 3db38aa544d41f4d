/**
 * The text with nothing in it that GitHub Actions would take for a command: a space breaks up each. A server can write
 * such text into an answer that we quote, and could thus hide words from the log or switch off our annotations. A line is
 * a command when it begins with `::`, after any space, and `##[` makes one anywhere:
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function withoutCommands(text: string): string {
  return text.replace(/^([^\S\n]*:):/gm, '$1 :').replaceAll('##[', '## [');
}
