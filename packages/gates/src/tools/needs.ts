import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';
import type { Gate } from '../gates.ts';

/** A program that gates call, or the standard library of the target that they compile for. */
export type Tool = 'cargo' | 'wasm32-unknown-unknown' | 'wasm-pack' | 'node' | 'python3' | 'jq';

/** What a gate needs: tools, and files of the checkout. */
export type Needs = {
  tools: ReadonlySet<Tool>;
  /** The scripts that it runs and the files that these name, relative to the checkout's root. */
  files: readonly string[];
  missingScripts: readonly string[];
};

const WASM = 'wasm32-unknown-unknown';
const PROGRAMS = ['cargo', 'wasm-pack', 'node', 'python3', 'jq'] as const;
const COMMENT = /(^|\s)#.*$/gm;
// With an ending or with a folder: any other word is a command.
const FILE_NAME = /[\w./-]*\/[\w.-]+|[\w.-]+\.\w+\b/g;
const SCRIPT = /\.(?:sh|[cm]?[jt]s|py)$|\/[^./]+$/;
const SHELL_SCRIPT = /\.sh$|\/[^./]+$/;

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
    const calls = text.replace(COMMENT, '');
    if (path === program || SHELL_SCRIPT.test(path)) for (const tool of toolsIn(calls)) tools.add(tool);
    if (path === program || SCRIPT.test(path)) pending.push(...filesIn(calls, path, checkout));
  }
  return { tools, files, missingScripts };
}

function toolsIn(text: string): Set<Tool> {
  const words = new Set(text.split(/[^\w.-]+/));
  const tools = new Set<Tool>(PROGRAMS.filter((program) => words.has(program)));
  if (words.has(WASM) || tools.has('wasm-pack')) tools.add(WASM);
  return tools;
}

/** Files may be named from where the script lies, from the project above it, or from the root. */
function filesIn(text: string, path: string, { root, webShellDir }: TargetCheckout): string[] {
  const starts = [dirname(path), join(root, webShellDir), root];
  return [...text.matchAll(FILE_NAME)].flatMap(([name]) =>
    starts
      .map((start) => resolve(start, name.replace(/^\/+/, '')))
      .filter((each) => each.startsWith(`${root}/`)),
  );
}
