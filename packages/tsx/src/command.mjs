#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// Before anything large is loaded: a tenth of a start.
enableCompileCache();
// Everything here is a module, so CommonJS need not be looked at; undici alone would take 0.2 s.
await import('tsx/esm');

const [node = '', , script, ...args] = process.argv;
if (script === undefined || script.startsWith('-')) {
  console.error('usage: tsx <script> [<argument>…]; options are for: node --import tsx');
  process.exitCode = 2;
} else {
  const path = resolve(script);
  process.argv = [node, path, ...args];
  await import(pathToFileURL(path).href);
}
