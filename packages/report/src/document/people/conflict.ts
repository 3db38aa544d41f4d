/** The line on which a merge left its first conflict, counted from 1; undefined when there is none. */
export function conflictLine(text: string): number | undefined {
  let first: number | undefined;
  let isSecondSide = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (first === undefined && line.startsWith('<<<<<<< ')) first = index + 1;
    else if (first !== undefined && /^={7}\r?$/.test(line)) isSecondSide = true;
    else if (isSecondSide && line.startsWith('>>>>>>> ')) return first;
  }
  return undefined;
}
