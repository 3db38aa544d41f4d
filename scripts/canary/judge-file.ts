import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { DocumentSplitter, judgeRecording, readRecording, type TextDocument } from '@deploy/canary';
import type { Limits, Verdict } from '@deploy/canary/verdict';
import { errorMessage, type Output, pathOfCaller, UserError } from '@deploy/cli';
import { EXIT_CODES, isForPeople, renderVerdict, verdictLine } from './print.ts';

export type JudgeFileRequest = Limits & {
  /** A path, or `-` for standard input. */
  file: string;
  canaryFormat: 'auto' | 'text' | 'json';
  out: Output;
};

type Judged = Verdict | { error: string };

/**
 * Judges the recorded promotions in a file one after another and prints a verdict for each. Returns the exit code of
 * the worst verdict. Throws a UserError with exit code 2 when the file, or its only document, cannot be read. A bad
 * document among several gets an `error` line, and the UserError comes at the end.
 */
export async function judgeFile({ file, canaryFormat, out, ...limits }: JudgeFileRequest): Promise<number> {
  const counts = { healthy: 0, unhealthy: 0, inconclusive: 0, error: 0 };
  let total = 0;
  // Held back until it is clear whether more documents follow: the verdict on a file's only document is printed
  // differently.
  let first: Judged | undefined;
  let firstError = '';

  const linesFor = function* (document: TextDocument): Generator<string> {
    const judged = judgeDocument(document, limits);
    total++;
    if ('error' in judged) {
      if (counts.error++ === 0) firstError = `document ${total}: ${judged.error}`;
    } else counts[judged.verdict]++;
    if (total === 1) {
      first = judged;
      return;
    }
    if (total === 2 && first !== undefined) yield oneOfMany(first, canaryFormat);
    yield oneOfMany(judged, canaryFormat);
  };

  for await (const documents of documentsOf(file)) {
    const lines: string[] = [];
    for (const document of documents) lines.push(...linesFor(document));
    if (lines.length === 0) continue;
    out.data(lines.join('\n'));
    await untilRead();
    // The reader has closed the pipe, as `head` does.
    if (!process.stdout.writable) break;
  }

  if (first === undefined)
    throw new UserError(`${nameOf(file)} holds no document`, { hint: HINT, exitCode: 2 });
  if (total === 1) {
    if ('error' in first) throw new UserError(`${nameOf(file)}: ${first.error}`, { hint: HINT, exitCode: 2 });
    out.data(isForPeople(canaryFormat) ? await renderVerdict(first) : JSON.stringify(first));
    return EXIT_CODES[first.verdict];
  }
  if (counts.error > 0) {
    throw new UserError(`${counts.error} of ${total} documents could not be judged; ${firstError}`, {
      hint: HINT,
      exitCode: 2,
    });
  }
  if (counts.unhealthy > 0) return EXIT_CODES.unhealthy;
  return counts.inconclusive > 0 ? EXIT_CODES.inconclusive : EXIT_CODES.healthy;
}

/** Waits until a slow reader of stdout has caught up or gone away, so that unread output does not fill the memory. */
async function untilRead(): Promise<void> {
  const { stdout } = process;
  if (!stdout.writableNeedDrain || !stdout.writable) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      stdout.off('drain', done).off('error', done);
      resolve();
    };
    stdout.once('drain', done).once('error', done);
  });
}

const HINT = 'docs/canary.md describes these documents.';

function judgeDocument(document: TextDocument, limits: Limits): Judged {
  if ('unreadable' in document) return { error: document.unreadable };
  try {
    return judgeRecording(readRecording(document.value, limits));
  } catch (error) {
    if (error instanceof UserError) return { error: error.message };
    throw error;
  }
}

function oneOfMany(judged: Judged, format: JudgeFileRequest['canaryFormat']): string {
  if (format !== 'text') return JSON.stringify(judged);
  return 'error' in judged ? `error: ${judged.error}` : verdictLine(judged);
}

async function* documentsOf(file: string): AsyncGenerator<Iterable<TextDocument>> {
  const splitter = new DocumentSplitter();
  const input: Readable =
    file === '-' ? process.stdin : createReadStream(pathOfCaller(file), { highWaterMark: 256 * 1024 });
  input.setEncoding('utf8');
  try {
    for await (const piece of input) yield splitter.push(piece as string);
  } catch (error) {
    throw new UserError(`${nameOf(file)} cannot be read: ${errorMessage(error)}`, {
      exitCode: 2,
      cause: error,
    });
  }
  yield splitter.end();
}

function nameOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}
