import { commandLine, type Environment, type Finding, findingsOf, type TargetCheckout } from '@deploy/cli';
import { uncachedEnvironment } from '../environment.ts';
import { InputsUnknown } from '../fingerprint-inputs.ts';
import { type GateId, verificationGates, webShellBuild } from '../gates.ts';
import { GitMissing, gitIn, hasChanges } from '../inputs/git.ts';
import { type Needs, needsOf, type Tool } from './needs.ts';
import { lookForTool, type ToolState } from './versions.ts';

type ToolCheckRequest = {
  checkout: TargetCheckout;
  env: Environment;
  /** The verification gates that will run, besides the web-shell build. */
  gates: readonly GateId[];
  /** Whether a gate's verdict is cached, so that it will not run. Called only for gates whose tools are missing. */
  isCached?(gate: GateId): Promise<boolean>;
};

const { ok, note, warning, error } = findingsOf('tools');

type Remedy = [advice: string, command?: string];

const HOW_TO_GET: Readonly<Record<Tool, Remedy>> = {
  cargo: ['Install Rust: https://rustup.rs'],
  'wasm32-unknown-unknown': ['To add it', 'rustup target add wasm32-unknown-unknown'],
  'wasm-pack': ['To install it', 'cargo install wasm-pack'],
  node: ['Install Node.'],
  python3: ['Install Python 3.'],
  jq: ['Install jq.'],
};

type GateNeeds = Needs & { gate: GateId };

/** Checks the checkout, and the tools and scripts that gates call. What is missing is a finding, not an exception. */
export async function checkTools(request: ToolCheckRequest): Promise<Finding[]> {
  const { checkout, env, isCached = async () => false } = request;
  const gates = [webShellBuild, ...verificationGates.filter(({ id }) => request.gates.includes(id))];
  const commit = checkCheckout(checkout, env);
  const needs = await Promise.all(
    gates.map(async (gate): Promise<GateNeeds> => ({ gate: gate.id, ...(await needsOf(gate, checkout)) })),
  );
  const tools = [...new Set(needs.flatMap((each) => [...each.tools]))];
  const states = await Promise.all(tools.map((tool) => lookForTool(tool, checkout, env)));
  const there: string[] = [];
  const missing: Promise<Finding>[] = [];
  for (const [i, tool] of tools.entries()) {
    const state = states[i] as ToolState;
    const needing = needs.filter((each) => each.tools.has(tool));
    if (state.there) there.push(state.version === undefined ? tool : `${tool} ${state.version}`);
    else missing.push(finding(needing, `${tool} ${state.why}`, HOW_TO_GET[tool], isCached));
  }
  for (const each of needs) {
    for (const script of each.missingScripts) {
      const problem = `${script} is missing from the checkout`;
      const remedy: Remedy = ['Check OPENAGENTS_REPO_ROOT and WEB_SHELL_DIR.'];
      missing.push(finding([each], problem, remedy, isCached));
    }
  }
  return [
    ...(there.length === 0 ? [] : [ok(there.join(', '))]),
    ...(await Promise.all(missing)),
    await commit,
  ];
}

async function finding(
  needing: readonly GateNeeds[],
  problem: string,
  remedy: Remedy,
  isCached: NonNullable<ToolCheckRequest['isCached']>,
): Promise<Finding> {
  const names = needing.map(({ gate }) => gate);
  const cached = await Promise.all(names.map(isCached));
  const running = names.filter((_, i) => !cached[i]);
  return running.length > 0
    ? { ...error(`${problem}; needed by ${running.join(', ')}`, ...remedy), blocks: running }
    : note(`${problem}; ${names.join(', ')} would need it, but their verdicts are cached`);
}

async function checkCheckout(checkout: TargetCheckout, env: Environment): Promise<Finding> {
  const git = gitIn(checkout.root, uncachedEnvironment(env));
  try {
    const [head, changed] = await Promise.all([git('rev-parse', 'HEAD'), hasChanges(git, checkout)]);
    return ok(`checkout ${checkout.root} at commit ${head.trim()}${changed ? ', with changes' : ''}`);
  } catch (thrown) {
    if (thrown instanceof GitMissing)
      return warning(
        'git is missing: nobody can tell which commit is built, and no verdict is cached',
        'Install git.',
      );
    if (!(thrown instanceof InputsUnknown)) throw thrown;
    // Git names the top of the repository, of which the checkout may be a folder:
    // https://git-scm.com/docs/git-config#Documentation/git-config.txt-safedirectory
    const others = /dubious ownership in repository at '(?<top>[^']+)'/.exec(thrown.message)?.groups;
    if (others !== undefined)
      return warning(
        `git does not read ${checkout.root}, because it belongs to another user: nobody can tell which commit is built, and no verdict is cached`,
        'To let git read it',
        commandLine(
          [],
          ['git', 'config', '--global', '--add', 'safe.directory', others.top ?? checkout.root],
        ),
      );
    return warning(
      `${checkout.root} is not a git checkout, or has no commit: nobody can tell what is built from it`,
      'Point OPENAGENTS_REPO_ROOT at a clone of the OpenAgents repository.',
    );
  }
}
