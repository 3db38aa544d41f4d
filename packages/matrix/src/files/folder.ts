import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cleanLine, errorMessage, redact, UserError, writeAtomically } from '@deploy/cli';
import type { CheckId, MatrixOutcome } from '../outcome.ts';
import { resultsJson } from './json.ts';
import { junitXml } from './junit.ts';
import { summaryMarkdown } from './summary.ts';
import { logFile, resultsTsv } from './tsv.ts';

/** The folder of a run's results. Every method throws a UserError when something cannot be written. */
export type ResultsFolder = {
  results: string;
  summary: string;
  writeLog(id: CheckId, text: string): Promise<void>;
  writeOutcome(outcome: MatrixOutcome): Promise<void>;
};

/** Makes the folder. Throws a UserError when that cannot be, before anything is run for it. */
export async function openResultsFolder(folder: string): Promise<ResultsFolder> {
  await orRefuse(folder, mkdir(join(folder, 'logs'), { recursive: true }));
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    return orRefuse(path, writeAtomically(path, text));
  };
  return {
    results: join(folder, 'results.tsv'),
    summary: join(folder, 'SUMMARY.md'),
    writeLog: (id, text) => write(logFile(id), text),
    async writeOutcome(full) {
      const outcome = withoutSecrets(full);
      await write('results.tsv', resultsTsv(outcome, folder));
      await write('results.json', resultsJson(outcome));
      await write('junit.xml', await junitXml(outcome));
      await write('SUMMARY.md', summaryMarkdown(outcome));
    },
  };
}

/** The summary, for somewhere else than the folder. */
export function summaryOf(outcome: MatrixOutcome): string {
  return summaryMarkdown(withoutSecrets(outcome));
}

/** Redacted before it is rendered: what a format escapes in a secret would hide it. */
function withoutSecrets(outcome: MatrixOutcome): MatrixOutcome {
  return JSON.parse(JSON.stringify(outcome), (_name, value) =>
    typeof value === 'string' ? redact(value) : value,
  );
}

async function orRefuse(path: string, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw new UserError(
      `${cleanLine(path, 200)} cannot be written (${cleanLine(errorMessage(error), 200)})`,
      {
        hint: 'Set OUTPUT_DIR to a folder that can be written to.',
        cause: error,
      },
    );
  }
}
