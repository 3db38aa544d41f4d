import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type ExtraInput,
  fingerprintGates,
  type Gate,
  gateEnvironment,
  verificationGates,
} from '@deploy/gates/inputs';
import { gitIn } from '../../support/git.ts';

export type SmallCheckout = Awaited<ReturnType<typeof smallCheckout>>;

type Dependency = { path: string; kind: 'dev' | null };

/**
 * A checkout of a dozen files, whose cargo answers from a file: its fingerprint takes some fifty milliseconds, so a
 * test can take many. The packages are `service` and `web`; both use `crates/model`, and the service one that lies
 * outside.
 */
export async function smallCheckout() {
  const home = await realpath(await mkdtemp(join(tmpdir(), 'fingerprint-')));
  const root = join(home, 'checkout');
  const at = (path: string): string => join(root, path);
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), text);
  };
  const tool = async (name: string, text: string): Promise<void> => {
    await put(`../tools/${name}`, `#!/bin/sh\n${text}\n`);
    await chmod(at(`../tools/${name}`), 0o755);
  };
  const metadataOf = (folders: Record<string, Dependency[]>, target: string): string =>
    JSON.stringify({
      workspace_root: root,
      target_directory: at(target),
      packages: Object.entries(folders).map(([folder, dependencies]) => ({
        name: folder,
        manifest_path: at(`${folder}/Cargo.toml`),
        dependencies: dependencies.map(({ path, kind }) => ({ path: at(path), kind })),
      })),
    });
  const model: Dependency = { path: 'crates/model', kind: null };
  const folders: Record<string, Dependency[]> = {
    service: [model, { path: '../outside', kind: null }, { path: 'crates/kit', kind: 'dev' }],
    web: [model],
    'crates/model': [],
    'crates/kit': [],
    '../outside': [],
  };

  const putMetadata = (known: Record<string, Dependency[]>, target = 'target') =>
    put('../metadata.json', metadataOf(known, target));
  await tool('cargo', 'exec cat "$HOME/metadata.json"');
  await tool('rustc', 'echo rustc 1.90.0');
  await tool('python3', 'echo Python 3.13.0');
  await putMetadata(folders);
  for (const folder of Object.keys(folders)) {
    await put(`${folder}/Cargo.toml`, `[package]\nname = "x"\n`);
    await put(`${folder}/src/lib.rs`, '// one\n');
  }
  await put('Cargo.toml', '[workspace]\n');
  await put('Cargo.lock', '# one\n');
  await put('docs/read-me.txt', 'one\n');
  await put('shared/limits.sh', '# one\n');
  await put('../beside/common.sh', '# one\n');
  await put(
    'web/scripts/sw-policy-verify.sh',
    '. ../../shared/limits.sh\n. ../../../beside/common.sh\npython3 x\n',
  );
  await put('web/scripts/perf-budget-gate.sh', 'true\n');
  await gitIn(root, 'init', '-q');

  return {
    home,
    root,
    put,
    tool,
    /** Has cargo know nothing of a package any more. */
    async forget(folder: string): Promise<void> {
      const { [folder]: _, ...others } = folders;
      await putMetadata(others);
    },
    /** Has cargo build into another folder. */
    buildInto: (folder: string): Promise<void> => putMetadata(folders, folder),
    /** Has a package use another crate as well, which may lie in the root (`.`) or outside of it. */
    async use(crate: string, by: 'service' | 'web'): Promise<void> {
      if (crate !== '.') await put(`${crate}/Cargo.toml`, '[package]\n');
      await put(`${crate}/src/lib.rs`, '// one\n');
      const using = [...(folders[by] ?? []), { path: crate, kind: null }];
      await putMetadata({ ...folders, [by]: using, [crate]: [] });
    },
    remove: (path: string): Promise<void> => rm(at(path), { recursive: true }),
    /** Fingerprints of the gates, afresh. */
    async fingerprints({
      env = {},
      extraInputs,
      gates = verificationGates,
    }: {
      env?: Record<string, string>;
      extraInputs?: ExtraInput[];
      gates?: readonly Gate[];
    } = {}) {
      const all = { PATH: `${join(home, 'tools')}:${process.env.PATH}`, HOME: home, ...env };
      return fingerprintGates(gates, {
        checkout: { root, serviceDir: 'service', webShellDir: 'web' },
        gateEnvOf: (gate) => gateEnvironment(all, gate),
        ...(extraInputs && { extraInputs }),
      });
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}
