import { UserError } from '@deploy/cli';

export type Read<T> = { read: true; value: T } | { read: false; error: UserError };

/** Runs `work`, and returns a UserError as a value instead of throwing it. */
export async function tryRead<T>(work: () => Promise<T>): Promise<Read<T>> {
  try {
    return { read: true, value: await work() };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { read: false, error };
  }
}

/** Turns the error of a failed read into a finding and its advice. The advice is the error's hint, on one line. */
export function problem({ message, hint }: UserError): [found: string, advice?: string] {
  return hint === undefined ? [message] : [message, hint.replace(/\n\s*/g, ' ')];
}
