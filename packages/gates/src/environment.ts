import { hash } from 'node:crypto';
import { delimiter } from 'node:path';
import { cleanLine, type Environment, operatorEnvironment, UserError } from '@deploy/cli';
import type { Gate } from './gates.ts';
import { namesProgram } from './inputs/programs.ts';

// This matches more names than redaction does, because a gate can do without a variable that may be a secret.
const SECRET_NAME = /TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|SIGNING_KEY|PRIVATE_KEY|ACCESS_KEY/i;

// Variables that steer a gate: how cargo, rustc, C compilers, Node, Python and wasm-pack build and run, and what the
// tests and the build read. A verdict depends on all of them.
const STEERING = [
  /^(?:RUST|CARGO_|WASM_|OA_|PROPTEST_|QUICKCHECK_|INSTA_|PYTHON|PKG_CONFIG|SCCACHE_)/,
  /^(?:.*_)?(?:CC|CXX|AR|LD|CFLAGS|CXXFLAGS|CPPFLAGS|LDFLAGS)(?:_.*)?$/,
  /^(?:NODE_OPTIONS|NODE_ENV|NODE_PATH|LD_LIBRARY_PATH|LD_PRELOAD|LIBRARY_PATH|CPATH|SOURCE_DATE_EPOCH)$/,
  /^(?:DYLD_.*|SDKROOT|DEVELOPER_DIR|MACOSX_DEPLOYMENT_TARGET)$/,
];

// Settings for the measurements of gates that are scripts; the other gates do not get them.
const MEASURES = [/^(?:LATENCY|SOAK|WARMUP|PERF)_/, /_(?:BUDGET|SAMPLES)(?:_|$)/];

// Variables that only say where things are on this machine, how to reach the network, or how to show output.
const NEUTRAL = [
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TEMP|TMP|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|SSH_AUTH_SOCK)$/,
  /^(?:https?|all|no|ftp)_proxy$/i,
  /^(?:SSL_CERT_FILE|SSL_CERT_DIR|NODE_EXTRA_CA_CERTS|CURL_CA_BUNDLE|GIT_SSH|GIT_SSH_COMMAND)$/,
  /^(?:CARGO_HOME|CARGO_TARGET_DIR|CARGO_BUILD_TARGET_DIR|CARGO_BUILD_JOBS|CARGO_INCREMENTAL)$/,
  /^CARGO_(?:TERM|NET|HTTP|REGISTRY|REGISTRIES)_/,
  /^(?:CARGO_BUILD_BUILD_DIR|CARGO_BUILD_INCREMENTAL|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE)$/,
  // The variables that select a compiler need not be inputs, because the fingerprint contains the compiler itself.
  /^(?:RUSTUP_HOME|RUSTUP_TOOLCHAIN|RUSTUP_DIST_SERVER|RUSTUP_UPDATE_ROOT|RUST_BACKTRACE|SCCACHE_DIR)$/,
  /^(?:XDG_.*|ASDF_.*|MISE_.*|NVM_.*|VOLTA_HOME|FNM_.*|VIRTUAL_ENV|PYENV_ROOT)$/,
];

const matches = (patterns: readonly RegExp[], name: string): boolean =>
  patterns.some((pattern) => pattern.test(name));

// Variables that cargo and rustup set for the programs that they start. Gates do not get them, because cargo sets them
// anew for each build: https://doc.rust-lang.org/cargo/reference/environment-variables.html
const STARTED_BY_CARGO =
  /^(?:CARGO|CARGO_(?:MANIFEST_(?:DIR|PATH|LINKS)|PKG_.*|BIN_.*|CRATE_NAME|PRIMARY_PACKAGE|MAKEFLAGS|TARGET_TMPDIR|RUSTC_CURRENT_DIR)|OUT_DIR|RUST_RECURSION_COUNT)$/;
// Where the loader looks for libraries. `cargo run` adds its build folders and the toolchain's; gates get neither.
const LIBRARY_PATH = /^(?:LD_LIBRARY_PATH|DYLD_(?:FALLBACK_)?LIBRARY_PATH)$/;
const OF_CARGO = /\/(?:debug|release)(?:\/|$)|\/toolchains\/[^/]+\/lib(?:\/|$)/;

// Turbo's own variables, and those that this project sets for its turbo tasks.
const OURS = /^(?:turbo_|gates_)/i;

/** For runs that are not cached: the operator's environment without secrets, because no gate needs one. */
export function uncachedEnvironment(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(operatorEnvironment(env)).filter(([name]) => !SECRET_NAME.test(name) && !OURS.test(name)),
  );
}

/**
 * The environment for gates whose verdicts are kept. It has only variables that steer a gate or that the machine needs,
 * and the variables in `passed`, which count as steering. Nothing else reaches the gate, so no other variable can
 * change a verdict unseen. Secrets are never allowed. Neither are the locale and the time zone, because they differ
 * between colleagues.
 */
export function gateEnvironment(
  env: Environment,
  gate: Pick<Gate, 'isScript'> = { isScript: false },
  passed: readonly string[] = [],
): Record<string, string> {
  const steering = gate.isScript ? [...STEERING, ...MEASURES] : STEERING;
  const given = Object.entries(operatorEnvironment(env)).filter(
    ([name]) =>
      !SECRET_NAME.test(name) &&
      !OURS.test(name) &&
      (passed.includes(name) ||
        ((matches(steering, name) || matches(NEUTRAL, name)) && !STARTED_BY_CARGO.test(name))),
  );
  return Object.fromEntries(given.flatMap(([name, value]) => withoutCargosFolders(name, value)));
}

function withoutCargosFolders(name: string, value: string): [name: string, value: string][] {
  if (!LIBRARY_PATH.test(name)) return [[name, value]];
  const kept = value.split(delimiter).filter((folder) => folder !== '' && !OF_CARGO.test(folder));
  return kept.length === 0 ? [] : [[name, kept.join(delimiter)]];
}

/**
 * The variables in a gate's environment that a verdict depends on, by name. The values are hashes, because verdicts are
 * stored and shared, and a value may hold a password. Variables that name a program for cargo to run are left out,
 * because the fingerprint contains the program's content instead.
 */
export function steeringVariables(gateEnv: Readonly<Record<string, string>>): Map<string, string> {
  return new Map(
    Object.entries(gateEnv)
      .filter(([name]) => !matches(NEUTRAL, name) && !namesProgram(name))
      .map(([name, value]) => [name, hash('sha256', value)]),
  );
}

/**
 * Reads the names in GATES_PASS_ENV. Throws a UserError for a name that looks like a secret's, and for text that is not
 * a name.
 */
export function parsePassedNames(text: string | undefined): string[] {
  const names = (text ?? '').split(',').flatMap((name) => name.trim() || []);
  for (const name of names) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new UserError(`GATES_PASS_ENV has "${cleanLine(name, 60)}", which is not a variable's name`);
    }
    if (SECRET_NAME.test(name)) {
      throw new UserError(`GATES_PASS_ENV has ${name}, which looks like a secret, and gates get no secrets`, {
        hint: 'A gate may print what it gets, and its log is stored and shared. Put what a test needs into a file that git ignores.',
      });
    }
  }
  return names;
}
