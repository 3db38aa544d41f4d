// `pnpm docs:variables`: writes the table of docs/variables.md anew.
import { writeSection } from '../support/page-section.ts';
import { VARIABLES_SECTION, variablesTable } from './variables-table.ts';

await writeSection(VARIABLES_SECTION, await variablesTable());
