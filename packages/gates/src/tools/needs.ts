import { readdir, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';
import type { Gate } from '../gates.ts';

/** A program that gates call, or the standard library of the target that they compile for. */
export type Tool = 'cargo' | 'wasm32-unknown-unknown' | 'wasm-pack' | 'node' | 'python3' | 'jq';

/** What a gate needs: tools, and files of the checkout. */
export type Needs = {
  tools: ReadonlySet<Tool>;
  /**
   * The scripts that it runs and what these name, relative to the checkout's root: files, and folders of which a pattern
   * or a variable chooses the file.
   */
  files: readonly string[];
  missingScripts: readonly string[];
};

const WASM = 'wasm32-unknown-unknown';
const PROGRAMS = ['cargo', 'wasm-pack', 'node', 'python3', 'jq'] as const;
// `$name`, `${name}` and `$(command)`: what it stands for is not known, and it is no part of a name.
const SUBSTITUTION = /\$(?:\w+|\{[^}]*\}|\([^)]*\))/g;
const COMMENT = /(^|\s)#.*$/gm;
// With an ending or with a folder: any other word is a command.
const FILE_NAME = /[\w./-]*\/[\w.-]+|[\w.-]+\.\w+\b/g;
// A folder, and after it a file name that is a pattern or that holds a variable.
const FOLDER_OF_SOME = /([\w./-]*[\w-]\/)[\w.-]*[*?[$]/g;
const SCRIPT = /\.(?:sh|bash|[cm]?[jt]s|py)$|\/[^./]+$/;
const SHELL_SCRIPT = /\.(?:sh|bash)$|\/[^./]+$/;

/**
 * What a gate will call. A gate that is a script of the checkout is read, with the scripts that it names: what it calls
 * is that checkout's business and changes with it.
 */
export async function needsOf(gate: Gate, checkout: TargetCheckout): Promise<Needs> {
  const [program, ...args] = gate.command(checkout);
  if (!isAbsolute(program)) {
    return { tools: toolsIn([program, ...args].join(' ')), files: [], missingScripts: [] };
  }
  const tools = new Set<Tool>();
  const files: string[] = [];
  const missingScripts: string[] = [];
  const seen = new Set<string>();
  const pending = [program];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) {
      // A script that is only named, in a message for instance, is not taken for one that is called.
      if (path === program) missingScripts.push(relative(checkout.root, path));
      continue;
    }
    files.push(relative(checkout.root, path));
    // What has been built names what it likes.
    if (path.startsWith(join(checkout.root, checkout.webShellDir, 'dist/'))) continue;
    const calls = text.replace(COMMENT, '').replace(SUBSTITUTION, '$$');
    if (path === program || SHELL_SCRIPT.test(path)) for (const tool of toolsIn(calls)) tools.add(tool);
    if (path !== program && !SCRIPT.test(path)) continue;
    pending.push(...placesOf(FILE_NAME, calls, path, checkout));
    for (const folder of placesOf(FOLDER_OF_SOME, calls, path, checkout)) {
      const entries = await readdir(folder).catch(() => []);
      if (entries.length === 0 || folder === checkout.root) continue;
      files.push(relative(checkout.root, folder));
      pending.push(...entries.map((name) => join(folder, name)));
    }
  }
  return { tools, files, missingScripts };
}

function toolsIn(text: string): Set<Tool> {
  const words = new Set(text.split(/[^\w.-]+/));
  const tools = new Set<Tool>(PROGRAMS.filter((program) => words.has(program)));
  if (words.has(WASM) || tools.has('wasm-pack')) tools.add(WASM);
  return tools;
}

/** Where something may lie that a script names: from where the script lies, from the project above it, or from the root. */
function placesOf(
  pattern: RegExp,
  text: string,
  path: string,
  { root, webShellDir }: TargetCheckout,
): string[] {
  const starts = [dirname(path), join(root, webShellDir), root];
  return [...text.matchAll(pattern)].flatMap(([whole, folder]) => {
    const name = folder ?? whole;
    return starts
      .map((start) => resolve(start, name.replace(/^\/+/, '')))
      .filter((each) => each.startsWith(`${root}/`) || name.startsWith('..'));
  });
}
