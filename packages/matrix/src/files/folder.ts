import { mkdir, rm, stat } from 'node:fs/promises';
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
import { type CheckId, checkIds, type MatrixOutcome } from '../outcome.ts';
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

const RESULTS = {
  tsv: 'results.tsv',
  json: 'results.json',
  junit: 'junit.xml',
  summary: 'SUMMARY.md',
} as const;

/**
 * Creates the folder if needed, and removes the results of an earlier run, which would look like those of this run if it
 * was killed. Throws a UserError when that fails, before any check runs.
 */
export async function openResultsFolder(folder: string): Promise<ResultsFolder> {
  await makeFolders(join(folder, 'logs')).catch(refuse(folder));
  const earlier = [...Object.values(RESULTS), ...checkIds.map(logFile)].map((name) => join(folder, name));
  await Promise.all(earlier.map((path) => rm(path, { force: true }).catch(refuse(path))));
  const write = (name: string, text: string) => {
    const path = join(folder, name);
    return writeInto(path, text).catch(refuse(path));
  };
  return {
    results: join(folder, RESULTS.tsv),
    summary: join(folder, RESULTS.summary),
    writeLog: (id, text) => write(logFile(id), text),
    hasLog: (id) =>
      stat(join(folder, logFile(id))).then(
        (found) => found.isFile(),
        () => false,
      ),
    async writeOutcome(full) {
      const outcome = withoutSecrets(full);
      await write(RESULTS.tsv, resultsTsv(outcome, folder));
      await write(RESULTS.json, resultsJson(outcome));
      await write(RESULTS.junit, await junitXml(junitSuite(outcome)));
      await write(RESULTS.summary, summaryMarkdown(outcome));
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
