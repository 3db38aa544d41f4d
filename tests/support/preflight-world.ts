import type { Emulator } from '@deploy/emulator';
import { sampleCheckout } from '@deploy/rehearsal/stage';
import { runScript } from './hosted-script.ts';
import type { ScriptRun } from './run-script.ts';
import { NEW_IMAGE, PROJECT } from './staging.ts';
import { standInTools } from './stand-in-tools.ts';

export type PreflightWorld = Awaited<ReturnType<typeof preflightWorld>>;

/** An emulator, a checkout whose gates need a cargo that is always there, and what an operator would set. */
export async function preflightWorld(cloud: Emulator, runWith: typeof runScript = runScript) {
  // If anything below fails, what has been started is closed: an open server keeps its test file from ending.
  await using started = new AsyncDisposableStack();
  started.use(cloud);
  const checkout = started.use(await sampleCheckout());
  const tools = started.use(await standInTools({ cargo: 'echo "cargo 1.2.3"', rustc: 'echo /' }));
  const env = {
    CLOUD_RUN_EMULATOR_HOST: cloud.host,
    PROJECT,
    IMAGE: NEW_IMAGE,
    OPENAGENTS_REPO_ROOT: checkout.root,
  };
  const world = started.move();
  return {
    cloud,
    checkout,
    tools,
    run: (script: string, more: Record<string, string | undefined> = {}): Promise<ScriptRun> =>
      runWith(script, [], { env: { ...env, ...more }, pathFirst: [tools.folder] }),
    [Symbol.asyncDispose]: () => world.disposeAsync(),
  };
}
