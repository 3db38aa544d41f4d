import { writeSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';

// Loaded in front of a script: tells on file descriptor 3 which files the process has loaded, one a line.
const loaded = new Set<string>();
registerHooks({
  load(url, context, nextLoad) {
    loaded.add(url);
    return nextLoad(url, context);
  },
});
process.on('exit', () => {
  const required = Object.keys(createRequire(import.meta.url).cache);
  writeSync(3, [...loaded, ...required].join('\n'));
});
