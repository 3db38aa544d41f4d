import { rmSync } from 'node:fs';
import { appendFile, cp, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runCommand } from '@deploy/cli';
import { sampleCheckoutFolder } from '@deploy/rehearsal/stage';
import { gitIn } from '../../support/git.ts';

export const SERVICE = 'apps/openagents.com/service';
export const WEB = 'apps/openagents.com/web-shell';

/** The scripts of the gates that are scripts: those of the sample checkout, or some that do nothing and pass. */
export type Scripts = 'real' | 'short';

const made = new Map<Scripts, Promise<string>>();

/**
 * The sample checkout with more of what a real one has, committed: a crate that only tests use, one that only a
 * dependency's tests use, files that a build reads from elsewhere or that git ignores, links. It is made once for this
 * process, and is there to be copied, which takes a tenth of the time.
 */
export function committedCheckout(scripts: Scripts = 'real'): Promise<string> {
  const checkout = made.get(scripts) ?? make(scripts);
  made.set(scripts, checkout);
  return checkout;
}

async function make(scripts: Scripts): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'gates-committed-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  await cp(sampleCheckoutFolder, root, { recursive: true });
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  const add = (path: string, text: string): Promise<void> => appendFile(join(root, path), text);
  for (const [name, users] of [
    ['openagents-testkit', SERVICE],
    ['openagents-devonly', 'crates/openagents-session-model'],
  ] as const) {
    await put(
      `crates/${name}/Cargo.toml`,
      `[package]\nname = "${name}"\nversion = "0.1.0"\nedition = "2021"\n`,
    );
    await put(`crates/${name}/src/lib.rs`, '');
    const up = users === SERVICE ? '../../../crates' : '..';
    await add(`${users}/Cargo.toml`, `\n[dev-dependencies]\n${name} = { path = "${up}/${name}" }\n`);
  }
  await put('docs/openapi.txt', 'paths\n');
  await put('docs/guide.txt', 'read by people only\n');
  await put('tools/limit.mjs', 'export const LIMIT = 1;\n');
  await add(`${WEB}/scripts/check-manifest.mjs`, "\nimport '../../../../tools/limit.mjs';\n");
  if (scripts === 'short') {
    for (const [file, gate] of [
      ['sw-policy-verify.sh', 'sw-policy'],
      ['perf-budget-gate.sh', 'perf-budget'],
    ] as const) {
      await put(`${WEB}/scripts/${file}`, `#!/bin/sh\nset -eu\ncd "\${0%/*}/.."\necho '${gate}: ok'\n`);
    }
  }
  await put('tools/common', '# for scripts\n');
  await add(`${WEB}/scripts/sw-policy-verify.sh`, '\n. ../../../tools/common\n');
  await put('shared/notice.txt', 'a notice\n');
  await symlink('../../../shared/notice.txt', join(root, SERVICE, 'notice.txt'));
  await add('.gitignore', 'generated.rs\nnode_modules/\n.env\n');
  await put(`${SERVICE}/src/generated.rs`, 'pub const GENERATED: u8 = 1;\n');
  await add(
    `${SERVICE}/src/lib.rs`,
    [
      'include!("generated.rs");',
      'pub const API: &str = include_str!("../../../../docs/openapi.txt");',
      'pub const BUILT_BY: Option<&str> = option_env!("USER");',
      '',
    ].join('\n'),
  );
  await runCommand(['cargo', 'generate-lockfile', '--offline'], { cwd: root });
  await gitIn(root, 'init', '-q', '-b', 'main');
  await gitIn(root, 'add', '-A');
  await gitIn(root, 'commit', '-q', '-m', 'Sample checkout');
  return root;
}
