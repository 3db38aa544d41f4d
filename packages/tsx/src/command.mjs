#!/usr/bin/env node
import module from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// Lets Node cache the script with its types already removed, so that the next start takes half as long.
module.enableCompileCache?.({
  directory: join(import.meta.dirname, '../../../node_modules/.cache/compiled'),
  portable: true,
});

const [node = '', , script, ...args] = process.argv;
if (!process.features.typescript) {
  console.error(
    `error: Node ${process.version} does not run TypeScript; call pnpm tsx, which brings its own Node, or use Node 24`,
  );
  process.exitCode = 2;
} else if (script === undefined || script.startsWith('-')) {
  console.error('usage: tsx <script> [<argument>…]; to pass options to Node: node --import tsx');
  process.exitCode = 2;
} else {
  const path = resolve(script);
  process.argv = [node, path, ...args];
  await import(pathToFileURL(path).href);
}
