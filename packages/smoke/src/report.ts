import { errorMessage, type Output } from '@deploy/cli';
import { writeJunit } from './junit.ts';
import type { SmokeOutcome } from './outcome.ts';
import { smokeFailure, smokeLines, smokeNotes } from './render.ts';

/** Prints an outcome in the chosen format, then throws a UserError if the run failed. */
export async function reportSmoke(
  outcome: SmokeOutcome,
  { out, format, junit }: { out: Output; format: 'auto' | 'text' | 'json'; junit: string | undefined },
): Promise<void> {
  if (format === 'json') out.data(JSON.stringify(outcome));
  else for (const line of smokeLines(outcome)) out.data(line);
  for (const note of smokeNotes(outcome)) out.note(`note: ${note}`);
  const failure = smokeFailure(outcome);
  if (junit !== undefined) {
    await writeJunit(junit, outcome).catch((error: unknown) => {
      // If a check failed, throw that failure below, rather than this error.
      if (failure === undefined) throw error;
      out.note(`warning: ${errorMessage(error)}`);
    });
  }
  if (failure !== undefined) throw failure;
}
