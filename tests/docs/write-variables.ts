// `pnpm docs:variables`: writes the README's table of variables anew.
import { writeSection } from '../support/page-section.ts';
import { VARIABLES_SECTION, variablesTable } from './variables-table.ts';

await writeSection(VARIABLES_SECTION, await variablesTable());
