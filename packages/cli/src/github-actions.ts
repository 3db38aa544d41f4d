import { appendFile } from 'node:fs/promises';
import { cleanLine, cleanText } from './clean-text.ts';
import { errorMessage } from './errors.ts';
import type { Output } from './output.ts';
import { redact } from './secret.ts';
import { type Environment, text } from './settings.ts';

type Place = { env: Environment; out: Pick<Output, 'note' | 'verbatim'> };

export const stepSummarySetting = text(
  'GITHUB_STEP_SUMMARY',
  'file to add the summary to; GitHub Actions sets it',
);

/**
 * Runs `work` and gives its output a title: in GitHub Actions the title of a fold, on a terminal a heading, elsewhere
 * none. The workflow commands go to stderr because callers read stdout; the runner looks for them on both streams
 * (https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ScriptHandler.cs).
 */
export async function grouped<T>({ env, out }: Place, title: string, work: () => Promise<T>): Promise<T> {
  if (!isGitHubActions(env)) {
    if (process.stderr.isTTY) out.note(`## ${title}`);
    return work();
  }
  out.verbatim(`::group::${escapeData(title)}`);
  try {
    return await work();
  } finally {
    out.verbatim('::endgroup::');
  }
}

/** Shows a message on the page of a GitHub Actions run. Does nothing elsewhere. */
export function annotate(
  { env, out }: Place,
  { level, title, message }: { level: 'error' | 'warning'; title: string; message: string },
): void {
  if (isGitHubActions(env)) out.verbatim(`::${level} title=${escapeProperty(title)}::${escapeData(message)}`);
}

/**
 * Adds Markdown to the page of a GitHub Actions job. The Markdown must end with a line break. If it cannot be written,
 * there is only a warning.
 */
export async function addStepSummary(
  file: string | undefined,
  markdown: string,
  note: Output['note'],
): Promise<void> {
  if (file === undefined) return;
  try {
    await appendFile(file, redact(cleanText(markdown)));
  } catch (error) {
    note(`warning: the step summary cannot be written (${cleanLine(errorMessage(error), 200)})`);
  }
}

// GitHub Actions always sets this: https://docs.github.com/en/actions/reference/workflows-and-actions/variables
export function isGitHubActions(env: Environment): boolean {
  return env.GITHUB_ACTIONS === 'true';
}

// What to escape, and how: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts. Redact first,
// because an escaped secret would not be recognised.
function escapeData(message: string): string {
  return redact(cleanText(message)).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(value: string): string {
  return escapeData(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
