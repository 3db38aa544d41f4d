import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSection } from '../support/page-section.ts';
import { VARIABLES_SECTION, variablesTable } from './variables-table.ts';

test('docs/variables.md says what the scripts say of themselves', async () => {
  const table = await variablesTable();
  assert.match(table, /^\| `OPENAGENTS_BASE_URL` +\|/m);
  assert.equal(await readSection(VARIABLES_SECTION), table, 'pnpm docs:variables writes it anew');
});
