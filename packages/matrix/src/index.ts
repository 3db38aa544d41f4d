export { openDisplay } from './display.ts';
export { addVerdict, joinMatrixEvidence } from './evidence.ts';
export { openNewResultsFolder, openResultsFolder, summaryOf } from './files/folder.ts';
export { compactTime } from './files/summary.ts';
export { matrixFailure, runMatrix } from './matrix.ts';
export { afterMatrix, rerunCommand } from './next-commands.ts';
export { parseOnly } from './only.ts';
export { planMatrix } from './plan.ts';
export { matrixSettings } from './settings.ts';
