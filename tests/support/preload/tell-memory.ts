import { writeSync } from 'node:fs';

// Loaded in front of a script: tells on file descriptor 3 the most memory that the process held resident, in KiB.
process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));
