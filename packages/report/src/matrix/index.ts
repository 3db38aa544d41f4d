export { openDisplay } from './display/open.ts';
export { addVerdict, joinMatrixEvidence } from './evidence.ts';
export { openResultsFolder, summaryOf } from './files/folder.ts';
export { compactTime } from './files/summary.ts';
export { interruptedBySignal } from './interruption.ts';
export { matrixFailure, runMatrix } from './matrix.ts';
export { planMatrix } from './plan.ts';
export { matrixSettings } from './settings.ts';
