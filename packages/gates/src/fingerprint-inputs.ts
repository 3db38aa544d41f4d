/**
 * Everything that a gate's verdict depends on. The values show whether an input has changed, but not its content, so
 * none of them can expose a secret.
 */
export type FingerprintInputs = {
  /** The gate's command line. Its paths are relative to the checkout, so that it is the same in every checkout. */
  command: string;
  /** The environment variables that steer the gate: a hash of each value, by name. */
  variables: ReadonlyMap<string, string>;
  /** The versions of the tools that the gate calls, by name. */
  tools: ReadonlyMap<string, string>;
  /** The mode and a hash of each file, by path relative to the checkout's root. */
  files: ReadonlyMap<string, string>;
  /** How cargo and rustup are configured: settings, programs, folders of sources. */
  configuration: ReadonlyMap<string, string>;
};

const KINDS = ['variables', 'tools', 'files', 'configuration'] as const;

/** Looks up and compares inputs by the names that people read: paths, tools, `variable NAME`. */
export const inputNames = {
  /** Whether a path or a variable is among the inputs. */
  has(inputs: FingerprintInputs, name: string): boolean {
    return name.startsWith(VARIABLE)
      ? inputs.variables.has(name.slice(VARIABLE.length))
      : inputs.files.has(name) || inputs.configuration.has(name);
  },
  /** The names of the inputs that differ between the two. */
  changed(before: FingerprintInputs, after: FingerprintInputs): string[] {
    const changed = KINDS.flatMap((kind) => {
      const names = new Set([...before[kind].keys(), ...after[kind].keys()]);
      return [...names]
        .filter((name) => before[kind].get(name) !== after[kind].get(name))
        .map((name) => (kind === 'variables' ? `${VARIABLE}${name}` : name));
    });
    return [...(before.command === after.command ? [] : ['command']), ...changed].sort();
  },
};

/** The prefix of an input's name that marks it as an environment variable, as in `variable NAME`. */
export const VARIABLE = 'variable ';

/** The inputs in a form for JSON, which has no maps: each map becomes a list of its entries. */
export function inputsToJson(inputs: FingerprintInputs): unknown {
  return { ...inputs, ...Object.fromEntries(KINDS.map((kind) => [kind, [...inputs[kind]]])) };
}

/** The inverse of `inputsToJson`. */
export function inputsFromJson(json: Record<string, unknown>): FingerprintInputs {
  const mapOf = (kind: (typeof KINDS)[number]) => new Map(json[kind] as [string, string][]);
  return {
    command: String(json.command),
    variables: mapOf('variables'),
    tools: mapOf('tools'),
    files: mapOf('files'),
    configuration: mapOf('configuration'),
  };
}

/** Thrown when some inputs cannot be determined; the message says why. No verdict may then come from a cache. */
export class InputsUnknown extends Error {}
