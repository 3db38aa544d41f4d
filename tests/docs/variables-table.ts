import { join } from 'node:path';
import { projectRoot } from '@deploy/cli';
import type { UsageData } from '@deploy/cli/start';
import { markdownTable } from 'markdown-table';
import { runScript } from '../support/hosted-script.ts';
import { scriptNames } from '../support/script-names.ts';

/** Where the table stands. */
export const VARIABLES_SECTION = { page: join(projectRoot, 'docs/variables.md'), name: 'variables' };

type Row = UsageData['variables'][number] & { scripts: string[] };

/**
 * Every variable that a script reads, as a Markdown table, made from what the scripts themselves say with
 * `--help=json`. A variable has a row for each meaning and default that it has; `all` are those that read any.
 */
export async function variablesTable(): Promise<string> {
  const rows = new Map<string, Row>();
  const readers = new Set<string>();
  for (const name of scriptNames) {
    const { stdout } = await runScript(name, ['--help=json']);
    const { variables } = JSON.parse(stdout) as UsageData;
    for (const variable of variables) {
      const key = JSON.stringify(variable);
      const row = rows.get(key) ?? { ...variable, scripts: [] };
      row.scripts.push(name);
      readers.add(name);
      rows.set(key, row);
    }
  }
  const cells = [...rows.values()]
    .sort((a, b) => a.name.localeCompare(b.name, 'en'))
    .map((row) => [
      `\`${row.name}\``,
      row.default === undefined ? '' : `\`${row.default}\``,
      `${row.meaning}${row.secret ? ' (secret: shown nowhere)' : ''}`.replaceAll('<', '\\<'),
      row.scripts.length === readers.size ? 'all' : row.scripts.join(', '),
    ]);
  return markdownTable([['variable', 'default', 'meaning', 'read by'], ...cells]);
}
