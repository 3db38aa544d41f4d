import { join } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';

/** The verification gates, in the order in which they run. */
export const gateIds = ['cargo-test', 'wasm-check', 'sw-policy', 'perf-budget'] as const;
/** A turbo task of this package: one of the four verification gates, or the web-shell build. */
export type GateId = (typeof gateIds)[number] | 'web-shell-build';

export type Gate = {
  id: GateId;
  /** The command, run in the root of the target checkout. */
  command(checkout: TargetCheckout): readonly [program: string, ...args: string[]];
  /** The folders of the packages that the verdict depends on. The crates that they use count as well. */
  packages: readonly ('serviceDir' | 'webShellDir')[];
  /**
   * Whether the command is a script of the checkout. Only such a gate gets the variables about measurements and
   * budgets.
   */
  isScript: boolean;
  /** Whether the gate starts the service and measures it. */
  measures: boolean;
  /** If one of these gates has failed, this one does not run, because it could not pass. */
  needs: readonly GateId[];
};

export const webShellBuild: Gate = {
  id: 'web-shell-build',
  command: ({ root, webShellDir }) => [join(root, webShellDir, 'build-dist.sh')],
  packages: ['webShellDir'],
  isScript: true,
  measures: false,
  needs: [],
};

/**
 * The verification gates, in the order in which they run. If they ran at the same time, they would disturb each other:
 * all of them build, the last two wipe and rebuild `dist`, and the last one measures the latency of the running
 * service.
 */
export const verificationGates: readonly Gate[] = [
  {
    id: 'cargo-test',
    command: ({ root, serviceDir }) => [
      'cargo',
      'test',
      '--manifest-path',
      join(root, serviceDir, 'Cargo.toml'),
    ],
    packages: ['serviceDir'],
    isScript: false,
    measures: false,
    needs: [],
  },
  {
    id: 'wasm-check',
    command: () => ['cargo', 'check', '-p', 'openagents-web-shell', '--target', 'wasm32-unknown-unknown'],
    packages: ['webShellDir'],
    isScript: false,
    measures: false,
    needs: [],
  },
  {
    id: 'sw-policy',
    command: ({ root, webShellDir }) => [join(root, webShellDir, 'scripts/sw-policy-verify.sh')],
    packages: ['webShellDir'],
    isScript: true,
    measures: false,
    needs: ['wasm-check'],
  },
  {
    id: 'perf-budget',
    command: ({ root, webShellDir }) => [join(root, webShellDir, 'scripts/perf-budget-gate.sh')],
    packages: ['webShellDir', 'serviceDir'],
    isScript: true,
    measures: true,
    needs: ['wasm-check'],
  },
];

export function findGate(id: string | undefined): Gate {
  const gate = [webShellBuild, ...verificationGates].find((each) => each.id === id);
  if (gate === undefined) throw new Error(`there is no gate "${id}"`);
  return gate;
}

/** The variable that gives turbo a gate's fingerprint; it is part of the task's hash (turbo.json). */
export function fingerprintVariable(gate: GateId): string {
  return `GATES_FINGERPRINT_${gate.toUpperCase().replaceAll('-', '_')}`;
}
