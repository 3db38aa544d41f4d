import { cleanLine, type Environment, operatorEnvironment, UserError } from '@deploy/cli';
import type { Gate } from './gates.ts';

const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|SIGNING_KEY|PRIVATE_KEY|ACCESS_KEY/i;

// What steers a gate: how cargo, rustc, C compilers, Node, Python and wasm-pack build and run, and what the tests and
// the build read. All of it is part of what a verdict rests on.
const STEERING = [
  /^(?:RUST|CARGO_|DEP_|WASM_|OA_|PROPTEST_|QUICKCHECK_|INSTA_|PYTHON|PKG_CONFIG|SCCACHE_)/,
  /^(?:.*_)?(?:CC|CXX|AR|LD|CFLAGS|CXXFLAGS|CPPFLAGS|LDFLAGS)(?:_.*)?$/,
  /^(?:NODE_OPTIONS|NODE_ENV|NODE_PATH|LD_LIBRARY_PATH|LD_PRELOAD|LIBRARY_PATH|CPATH|SOURCE_DATE_EPOCH)$/,
  /^(?:DYLD_.*|SDKROOT|DEVELOPER_DIR|MACOSX_DEPLOYMENT_TARGET)$/,
];

// What the gates that are scripts measure by; the others do not get it.
const MEASURES = [/^(?:LATENCY|SOAK|WARMUP|PERF)_/, /_(?:BUDGET|SAMPLES)(?:_|$)/];

// What only says where things are on this machine, how to reach the network, and how to talk to a person.
const NEUTRAL = [
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TEMP|TMP|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|SSH_AUTH_SOCK)$/,
  /^(?:https?|all|no|ftp)_proxy$/i,
  /^(?:SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|CURL_CA_BUNDLE|GIT_SSH|GIT_SSH_COMMAND)$/,
  /^(?:CARGO_HOME|CARGO_TARGET_DIR|CARGO_BUILD_TARGET_DIR|CARGO_BUILD_JOBS|CARGO_INCREMENTAL)$/,
  /^CARGO_(?:TERM|NET|HTTP|REGISTRY|REGISTRIES)_/,
  /^(?:RUSTUP_HOME|RUSTUP_DIST_SERVER|RUSTUP_UPDATE_ROOT|RUST_BACKTRACE|SCCACHE_DIR)$/,
  /^(?:XDG_.*|ASDF_.*|MISE_.*|NVM_.*|VOLTA_HOME|FNM_.*|VIRTUAL_ENV|PYENV_ROOT)$/,
];

const matches = (patterns: readonly RegExp[], name: string): boolean =>
  patterns.some((pattern) => pattern.test(name));

// Wider than what is redacted: a gate may do without a variable that is a secret only perhaps.
function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

// Of turbo, and between us and the tasks.
const OURS = /^(?:turbo_|gates_)/i;

/** The environment for what is not cached: the operator's, but for secrets, which no gate needs. */
export function uncachedEnvironment(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(operatorEnvironment(env)).filter(([name]) => !isSecretName(name) && !OURS.test(name)),
  );
}

/**
 * The environment for gates whose verdicts are kept: what steers them and what a machine needs, named one by one.
 * Anything else such a gate does not get, so that it cannot change a verdict unseen: not even the locale and the time
 * zone, in which colleagues differ. The variables that `passed` names are handed on as well, and count as steering.
 * Secrets never are.
 */
export function gateEnvironment(
  env: Environment,
  gate: Pick<Gate, 'isScript'> = { isScript: false },
  passed: readonly string[] = [],
): Record<string, string> {
  const steering = gate.isScript ? [...STEERING, ...MEASURES] : STEERING;
  return Object.fromEntries(
    Object.entries(operatorEnvironment(env)).filter(
      ([name]) =>
        !isSecretName(name) && (matches(steering, name) || matches(NEUTRAL, name) || passed.includes(name)),
    ),
  );
}

/** Of a gate's environment, what a verdict rests on. */
export function steeringVariables(
  gateEnv: Readonly<Record<string, string>>,
): [name: string, value: string][] {
  return Object.entries(gateEnv).filter(([name]) => !matches(NEUTRAL, name));
}

/** Reads the names in GATES_PASS_ENV. Throws a UserError for one that looks like a secret's or like no name at all. */
export function parsePassedNames(text: string | undefined): string[] {
  const names = (text ?? '').split(',').flatMap((name) => name.trim() || []);
  for (const name of names) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new UserError(`GATES_PASS_ENV has "${cleanLine(name, 60)}", which is no name of a variable`);
    }
    if (isSecretName(name)) {
      throw new UserError(`GATES_PASS_ENV has ${name}, which looks like a secret: gates get none`, {
        hint: 'What a gate is given ends up in its log. Give a test what it needs in a file that git ignores.',
      });
    }
  }
  return names;
}
