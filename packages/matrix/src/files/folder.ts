import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  cleanLine,
  errorCode,
  errorMessage,
  junitXml,
  makeFolders,
  redact,
  UserError,
  writeAtomically,
} from '@deploy/cli';
import type { CheckId, MatrixOutcome } from '../outcome.ts';
import { junitSuite } from './junit.ts';
import { logFile, resultsJson, resultsTsv } from './results.ts';
import { summaryMarkdown } from './summary.ts';

/** The folder of a run's results. Every method throws a UserError when something cannot be written. */
export type ResultsFolder = {
  results: string;
  summary: string;
  writeLog(id: CheckId, text: string): Promise<void>;
  hasLog(id: CheckId): Promise<boolean>;
  writeOutcome(outcome: MatrixOutcome): Promise<void>;
};

/** Creates the folder if needed. Throws a UserError when that fails, before any check runs. */
export async function openResultsFolder(folder: string): Promise<ResultsFolder> {
  await makeFolders(join(folder, 'logs')).catch(refuse(folder));
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    return writeInto(path, text).catch(refuse(path));
  };
  return {
    results: join(folder, 'results.tsv'),
    summary: join(folder, 'SUMMARY.md'),
    writeLog: (id, text) => write(logFile(id), text),
    hasLog: (id) =>
      stat(join(folder, logFile(id))).then(
        (found) => found.isFile(),
        () => false,
      ),
    async writeOutcome(full) {
      const outcome = withoutSecrets(full);
      await write('results.tsv', resultsTsv(outcome, folder));
      await write('results.json', resultsJson(outcome));
      await write('junit.xml', await junitXml(junitSuite(outcome)));
      await write('SUMMARY.md', summaryMarkdown(outcome));
    },
  };
}

/**
 * Creates a new folder for this run. If several runs start in the same second, the later ones append `-2`, `-3` and so
 * on to the name. Throws a UserError when the folder cannot be created.
 */
export async function openNewResultsFolder(parent: string, name: string): Promise<ResultsFolder> {
  await makeFolders(parent).catch(refuse(parent));
  for (let number = 1; ; number += 1) {
    const folder = join(parent, number === 1 ? name : `${name}-${number}`);
    try {
      await mkdir(folder);
      return await openResultsFolder(folder);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') refuse(folder)(error);
    }
  }
}

/** Recreates the folder first: a command of the checkout may have removed it. */
async function writeInto(path: string, text: string): Promise<void> {
  await makeFolders(dirname(path));
  await writeAtomically(path, text);
}

/** The summary as text, without secrets, for use outside the folder. */
export function summaryOf(outcome: MatrixOutcome): string {
  return summaryMarkdown(withoutSecrets(outcome));
}

/** Redacts before rendering, because a secret is no longer recognised once its characters have been escaped. */
function withoutSecrets(outcome: MatrixOutcome): MatrixOutcome {
  return JSON.parse(JSON.stringify(outcome), (_name, value) =>
    typeof value === 'string' ? redact(value) : value,
  );
}

/** Turns a failure to write into a UserError. */
function refuse(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof UserError) throw error;
    throw new UserError(
      `${cleanLine(path, 200)} cannot be written (${cleanLine(errorMessage(error), 200)})`,
      {
        hint: 'Set OUTPUT_DIR to a folder that can be written to.',
        cause: error,
      },
    );
  };
}
