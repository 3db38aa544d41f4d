import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import { markdownTable } from 'markdown-table';
import { writeSection } from '../support/page-section.ts';
import { AREAS } from './areas.ts';
import type { Mutant } from './try-mutants.ts';

/**
 * What was measured of one folder, or of a part of it. The share of before is that of its first measurement, in
 * percent; it is missing where tests were written before anything was measured.
 */
export type Figures = {
  folder: string;
  files: readonly string[];
  before?: number;
  mutants: number;
  killed: number;
  survivors: readonly Omit<Mutant, 'outcome'>[];
  /** Those among the killed whose time ran out; not known of the first measurements. */
  outOfTime?: readonly Omit<Mutant, 'outcome'>[];
  /** How long that took; not known of the first measurements. */
  seconds?: number;
  /** The git ids of the files' texts as they were measured, by path from the project's root. */
  texts: Readonly<Record<string, string>>;
};

/** Of every folder, at least so many percent of the mutants are to be killed. */
export const ENOUGH = 90;

const STORE = join(projectRoot, 'tests/mutants/figures.json');
const REASONS = join(projectRoot, 'tests/mutants/reasons.json');
const PAGE = join(projectRoot, 'docs/mutants.md');

/** Why a survivor may live: nobody could tell it from the original, or nobody would mind. */
export type Reason = Pick<Mutant, 'file' | 'original' | 'replacement'> & { why: string };

export function figuresOf(
  about: Pick<Figures, 'folder' | 'files' | 'seconds' | 'texts'>,
  mutants: readonly Mutant[],
): Figures {
  return {
    ...about,
    mutants: mutants.length,
    killed: mutants.filter(({ outcome }) => outcome !== 'survived').length,
    survivors: withOutcome('survived'),
    outOfTime: withOutcome('out-of-time'),
  };

  function withOutcome(wanted: Mutant['outcome']): Omit<Mutant, 'outcome'>[] {
    return mutants.flatMap(({ outcome, ...mutant }) => (outcome === wanted ? [mutant] : []));
  }
}

/** In percent, rounded down to one place; nothing to kill is all killed. */
export function shareKilled({ mutants, killed }: Pick<Figures, 'mutants' | 'killed'>): number {
  return mutants === 0 ? 100 : Math.floor((killed * 1000) / mutants) / 10;
}

export async function readFigures(): Promise<Figures[]> {
  return JSON.parse(await readFile(STORE, 'utf8')) as Figures[];
}

export async function readReasons(): Promise<Reason[]> {
  return JSON.parse(await readFile(REASONS, 'utf8')) as Reason[];
}

/** Puts new figures in the place of the folder's earlier ones, and writes the page anew. */
export async function writeFigures(measured: readonly Figures[]): Promise<void> {
  const known = await readFigures();
  const all = AREAS.flatMap((area) => {
    const earlier = known.find((each) => isSamePart(each, area));
    const now = measured.find((each) => isSamePart(each, area));
    if (now === undefined) return earlier ? [earlier] : [];
    const before = earlier === undefined ? shareKilled(now) : earlier.before;
    return [{ ...now, ...(before !== undefined && { before }) }];
  });
  await writeFile(STORE, `${JSON.stringify(all, null, 2)}\n`);
  await writeSection({ page: PAGE, name: 'measured' }, measuredSection(all, await readReasons()));
}

function isSamePart(
  one: Pick<Figures, 'folder' | 'files'>,
  other: Pick<Figures, 'folder' | 'files'>,
): boolean {
  return one.folder === other.folder && one.files.join() === other.files.join();
}

/** The tables of the page. */
export function measuredSection(all: readonly Figures[], reasons: readonly Reason[]): string {
  const reached = new Set(all.flatMap(({ folder, files }) => files.map((file) => `${folder}/${file}`)));
  const rest = AREAS.flatMap(({ folder, files }) => files.map((file) => `${folder}/${file}`)).filter(
    (file) => !reached.has(file),
  );
  const table = markdownTable([
    ['folder', 'files', 'mutants', 'killed', 'by time alone', 'before', 'after'],
    ...all.map((each) => [
      `\`${each.folder}\``,
      each.files.map((file) => `\`${file}\``).join(', '),
      String(each.mutants),
      String(each.killed),
      each.outOfTime === undefined ? 'not known' : String(each.outOfTime.length),
      each.before === undefined ? 'not measured' : `${each.before} %`,
      `${shareKilled(each)} %`,
    ]),
  ]);
  const survivors = markdownTable([
    ['where', 'the line says', 'the survivor says', 'why it lives'],
    ...all
      .flatMap((each) => each.survivors)
      .map((mutant) => [
        `\`${mutant.file}:${mutant.line}\``,
        code(mutant.original),
        code(mutant.replacement),
        reasonOf(mutant, reasons) ?? 'a gap: no test notices it yet',
      ]),
  ]);
  const outOfTime = all.flatMap((each) => each.outOfTime ?? []);
  const endless = markdownTable([
    ['where', 'the line says', 'the mutant says'],
    ...outOfTime.map(({ file, line, original, replacement }) => [
      `\`${file}:${line}\``,
      code(original),
      code(replacement),
    ]),
  ]);
  const notReached =
    rest.length === 0 ? 'Every file was reached.' : rest.map((file) => `- \`${file}\``).join('\n');
  return [
    table,
    '### Survivors',
    survivors,
    '### Out of time',
    outOfTime.length === 0 ? 'No mutant was killed by time alone.' : endless,
    '### Not reached',
    notReached,
  ].join('\n\n');
}

/** The reason that was given for a survivor; undefined when there is none. */
export function reasonOf(
  { file, original, replacement }: Pick<Mutant, 'file' | 'original' | 'replacement'>,
  reasons: readonly Reason[],
): string | undefined {
  return reasons.find(
    (each) => each.file === file && each.original === original && each.replacement === replacement,
  )?.why;
}

const LONGEST = 80;

function code(text: string): string {
  const short = text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
  const shown = short === '' ? '(nothing)' : short.replaceAll('|', '\\|');
  const inside = new Set(shown.match(/`+/g));
  let quotes = '`';
  while (inside.has(quotes)) quotes += '`';
  const room = /^`|`$/.test(shown) ? ' ' : '';
  return `${quotes}${room}${shown}${room}${quotes}`;
}
