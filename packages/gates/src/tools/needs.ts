import { readdir, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';
import type { Gate } from '../gates.ts';

/** A program that gates call, or a Rust target whose standard library they need. */
export type Tool = 'cargo' | 'wasm32-unknown-unknown' | 'wasm-pack' | 'node' | 'python3' | 'jq';

/** What a gate needs: tools, and files of the checkout. */
export type Needs = {
  tools: ReadonlySet<Tool>;
  /**
   * The scripts that the gate runs and the files that these scripts name, relative to the checkout's root. Where a
   * script selects a file with a pattern or a variable, its whole folder is listed.
   */
  files: readonly string[];
  missingScripts: readonly string[];
};

const WASM = 'wasm32-unknown-unknown';
const PROGRAMS = ['cargo', 'wasm-pack', 'node', 'python3', 'jq'] as const;
// `$name`, `${name}` and `$(command)`. Their values are unknown, so a file name ends where one of them begins.
const SUBSTITUTION = /\$(?:\w+|\{[^}]*\}|\([^)]*\))/g;
const COMMENT = /(^|\s)#.*$/gm;
// A word with an extension or a slash is taken for a file name, any other word for a command.
const FILE_NAME = /[\w./-]*\/[\w.-]+|[\w.-]+\.\w+\b/g;
// A folder, followed by a file name that contains a pattern or a variable.
const FOLDER_OF_SOME = /([\w./-]*[\w-]\/)[\w.-]*[*?[$]/g;
const SCRIPT = /\.(?:sh|bash|[cm]?[jt]s|py)$|\/[^./]+$/;
const SHELL_SCRIPT = /\.(?:sh|bash)$|\/[^./]+$/;

/**
 * Finds out what a gate will call. For a gate that is a script of the checkout, this reads the script and the scripts
 * that it names, because they change with the checkout.
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
      // Only the gate's own script must exist. Other scripts may be named without being run, for instance in a message.
      if (path === program) missingScripts.push(relative(checkout.root, path));
      continue;
    }
    files.push(relative(checkout.root, path));
    // Build output is not searched for names: a name that occurs there does not mean that the gate reads such a file.
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

/** Where a named file may lie: relative to the script's folder, to the web shell, or to the checkout's root. */
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
