import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';

// Loaded in front of a script: looking up a name takes ten minutes, as with a name server that does not answer. Like
// the real call, it keeps the process alive.
Object.assign(dns, { lookup: () => void setTimeout(() => {}, 600_000) });
syncBuiltinESMExports();
