/** The line on which a merge left its first conflict, counted from 1; undefined when there is none. */
export function conflictLine(text: string): number | undefined {
  const conflict = /^<{7} .*$[\s\S]*?^={7}\r?$[\s\S]*?^>{7} .*$/m.exec(text);
  return conflict === null ? undefined : text.slice(0, conflict.index).split('\n').length;
}
