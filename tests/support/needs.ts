import { runCommand } from '@deploy/cli';
import { findRustTools } from '@deploy/rehearsal/stage';
import { actionlint } from './actionlint.ts';
import { findChromium } from './chromium.ts';

const looks = {
  'a cargo': async () => (await findRustTools()).cargo,
  'a cargo that checks for WebAssembly': async () => (await findRustTools()).wasm,
  actionlint: async () => (await actionlint()) !== undefined,
  'a headless Chromium': async () => (await findChromium()) !== undefined,
  'a pseudo-terminal': async () => (await runCommand(['script', '--version'])).exitCode === 0,
  curl: async () => (await runCommand(['curl', '--version'])).exitCode === 0,
  make: async () => (await runCommand(['make', '--version'])).exitCode === 0,
  openssl: async () => (await runCommand(['openssl', 'version'])).exitCode === 0,
};

/**
 * For a test's `skip`: why it cannot run here, or false. Where TOOLS_REQUIRED is 1, as in CI, a tool that is missing
 * fails the test file instead.
 */
export async function without(tool: keyof typeof looks): Promise<string | false> {
  if (await looks[tool]()) return false;
  const why = `this machine has not got ${tool}; install it with .ci/install-tools`;
  if (process.env.TOOLS_REQUIRED === '1') throw new Error(why);
  return why;
}
