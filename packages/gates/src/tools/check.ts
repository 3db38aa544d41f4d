import type { Environment, Finding, TargetCheckout } from '@deploy/cli';
import { uncachedEnvironment } from '../environment.ts';
import { type Gate, type GateId, verificationGates, webShellBuildTasks } from '../gates.ts';
import { gitIn, hasChanges } from '../inputs/git.ts';
import { InputsUnknown } from '../inputs/unknown.ts';
import { type Needs, needsOf, type Tool } from './needs.ts';
import { lookForTool, type ToolState } from './versions.ts';

export type ToolCheckRequest = {
  checkout: TargetCheckout;
  env: Environment;
  /** Whether the verification gates will run, and not only the web-shell build. */
  verify: boolean;
  /** Whether a gate's verdict is cached, so that it will not run. */
  isCached?(gate: GateId): Promise<boolean> | boolean;
};

const CHECK = 'tools';

const HOW_TO_GET: Readonly<Record<Tool, string>> = {
  cargo: 'Install Rust: https://rustup.rs',
  'wasm32-unknown-unknown': 'rustup target add wasm32-unknown-unknown',
  'wasm-pack': 'cargo install wasm-pack',
  node: 'Install Node.',
  python3: 'Install Python 3.',
  jq: 'Install jq.',
};

type GateNeeds = Needs & { gate: GateId; cached: boolean };

/** Whether what the gates will call is there, and what they will be run on. Nothing is thrown for what is missing. */
export async function checkTools(request: ToolCheckRequest): Promise<Finding[]> {
  const { checkout, env, verify, isCached = () => false } = request;
  const gates = [...webShellBuildTasks, ...(verify ? verificationGates : [])];
  const [needs, commit] = await Promise.all([
    Promise.all(gates.map((gate) => needsOfGate(gate, checkout, isCached))),
    checkCheckout(checkout, env),
  ]);
  const tools = [...new Set(needs.flatMap((each) => [...each.tools]))];
  const states = await Promise.all(tools.map((tool) => lookForTool(tool, checkout, env)));
  const looked = tools.map((tool, i) => ({ tool, state: states[i] as ToolState }));
  const there = looked.flatMap(({ tool, state }) =>
    state.there ? [state.version === undefined ? tool : `${tool} ${state.version}`] : [],
  );
  return [
    ...(there.length === 0 ? [] : [{ check: CHECK, state: 'ok', found: there.join(', ') } as const]),
    ...looked.flatMap(({ tool, state }) =>
      state.there
        ? []
        : [
            finding(
              needs.filter((each) => each.tools.has(tool)),
              `${tool} ${state.why}`,
              HOW_TO_GET[tool],
            ),
          ],
    ),
    ...needs.flatMap((each) =>
      each.missingScripts.map((script) =>
        finding(
          [each],
          `${script} is missing from the checkout`,
          'Check OPENAGENTS_REPO_ROOT and WEB_SHELL_DIR.',
        ),
      ),
    ),
    commit,
  ];
}

async function needsOfGate(
  gate: Gate,
  checkout: TargetCheckout,
  isCached: NonNullable<ToolCheckRequest['isCached']>,
): Promise<GateNeeds> {
  const [needs, cached] = await Promise.all([needsOf(gate, checkout), isCached(gate.id)]);
  return { gate: gate.id, cached, ...needs };
}

function finding(needing: readonly GateNeeds[], problem: string, advice: string): Finding {
  const running = needing.filter(({ cached }) => !cached);
  const names = (each: readonly GateNeeds[]): string => each.map(({ gate }) => gate).join(', ');
  return running.length > 0
    ? { check: CHECK, state: 'error', found: `${problem}; needed by ${names(running)}`, advice }
    : {
        check: CHECK,
        state: 'note',
        found: `${problem}; ${names(needing)} would need it, but their verdicts are cached`,
      };
}

async function checkCheckout(checkout: TargetCheckout, env: Environment): Promise<Finding> {
  const git = gitIn(checkout.root, uncachedEnvironment(env));
  try {
    const [head, changed] = await Promise.all([git('rev-parse', 'HEAD'), hasChanges(git, checkout)]);
    return {
      check: CHECK,
      state: 'ok',
      found: `checkout ${checkout.root} at commit ${head.trim()}${changed ? ', with changes' : ''}`,
    };
  } catch (error) {
    if (!(error instanceof InputsUnknown)) throw error;
    return {
      check: CHECK,
      state: 'warning',
      found: `${checkout.root} is no git checkout, or has no commit: what is built from it cannot be named`,
      advice: 'Point OPENAGENTS_REPO_ROOT at a clone of the OpenAgents repository.',
    };
  }
}
