import { UserError } from '@deploy/cli';

/** What came of reading something: the thing, or why not. */
export type Read<T> = { read: true; value: T } | { read: false; error: UserError };

/** Reads, and takes a failure that a person can act on as a value. */
export async function tryRead<T>(work: () => Promise<T>): Promise<Read<T>> {
  try {
    return { read: true, value: await work() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { read: false, error };
  }
}

/** As above, of what is there already. */
export function tryReadNow<T>(work: () => T): Read<T> {
  try {
    return { read: true, value: work() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { read: false, error };
  }
}

/** A failure's words in a finding. */
export function problem({ message, hint }: UserError): { found: string; advice?: string } {
  return { found: message, ...(hint === undefined ? {} : { advice: hint }) };
}
