import { join } from 'node:path';
import type { TargetCheckout } from '@deploy/cli';

/** A turbo task of this package: the web-shell build, or one of the four verification gates. */
export type GateId = 'web-shell-build' | 'cargo-test' | 'wasm-check' | 'sw-policy' | 'perf-budget';

export type Gate = {
  id: GateId;
  /** The command, run in the root of the target checkout. */
  command(checkout: TargetCheckout): readonly [program: string, ...args: string[]];
};

const webShellBuild: Gate = {
  id: 'web-shell-build',
  command: ({ root, webShellDir }) => [join(root, webShellDir, 'build-dist.sh')],
};

/**
 * In the order in which they run, one after another (`dependsOn` in turbo.json says the same): all of them build, the
 * last two wipe and rebuild `dist`, and the last one measures latency.
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
  },
  {
    id: 'wasm-check',
    command: () => ['cargo', 'check', '-p', 'openagents-web-shell', '--target', 'wasm32-unknown-unknown'],
  },
  {
    id: 'sw-policy',
    command: ({ root, webShellDir }) => [join(root, webShellDir, 'scripts/sw-policy-verify.sh')],
  },
  {
    id: 'perf-budget',
    command: ({ root, webShellDir }) => [join(root, webShellDir, 'scripts/perf-budget-gate.sh')],
  },
];

export const webShellBuildTasks: readonly Gate[] = [webShellBuild];

export function findGate(id: string | undefined): Gate {
  const gate = [webShellBuild, ...verificationGates].find((each) => each.id === id);
  if (gate === undefined) throw new Error(`there is no gate "${id}"`);
  return gate;
}
