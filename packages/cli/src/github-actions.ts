import { appendFile } from 'node:fs/promises';
import { cleanLine, cleanText } from './clean-text.ts';
import { errorMessage } from './errors.ts';
import type { Output } from './output.ts';
import { redact } from './secret.ts';
import { type Environment, text } from './settings.ts';

/** Where a script runs and speaks. */
type Place = { env: Environment; out: Pick<Output, 'note'> };

/** The variable by which GitHub Actions says where a step's summary goes. */
export const stepSummarySetting = text(
  'GITHUB_STEP_SUMMARY',
  'file that gets the summary as well, set by GitHub Actions',
);

/**
 * Does something whose output GitHub Actions then folds under a title, and a terminal shows below it; elsewhere, just
 * does it. The commands are on stderr: stdout is read by callers, and the runner acts on both streams
 * (https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ScriptHandler.cs).
 */
export async function grouped<T>({ env, out }: Place, title: string, work: () => Promise<T>): Promise<T> {
  if (!isGitHubActions(env)) {
    if (process.stderr.isTTY) out.note(`## ${title}`);
    return work();
  }
  out.note(`::group::${escapeData(title)}`);
  try {
    return await work();
  } finally {
    out.note('::endgroup::');
  }
}

/** Puts a message onto the page of a run in GitHub Actions; nothing elsewhere. */
export function annotate(
  { env, out }: Place,
  { level, title, message }: { level: 'error' | 'warning'; title: string; message: string },
): void {
  if (isGitHubActions(env)) out.note(`::${level} title=${escapeProperty(title)}::${escapeData(message)}`);
}

/**
 * Adds Markdown, line breaks and all, to the page that GitHub Actions shows of a job, if there is one. One that cannot be
 * written is worth a warning, not the run.
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

// https://docs.github.com/en/actions/reference/workflows-and-actions/variables
function isGitHubActions(env: Environment): boolean {
  return env.GITHUB_ACTIONS === 'true';
}

// What must be escaped, and how: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
// Redacted first: once it is escaped, a secret is no longer recognised.
function escapeData(message: string): string {
  return redact(cleanText(message)).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(value: string): string {
  return escapeData(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
