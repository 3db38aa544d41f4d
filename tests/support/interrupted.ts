import assert from 'node:assert/strict';
import { type Action, Interrupted } from '@deploy/cli';
import { openServiceApi, type ServiceApi } from '@deploy/cloudrun';
import type { Emulator, Trigger } from '@deploy/emulator';
import { LOCATION } from './cloud.ts';

/** Performs a change that is interrupted at the trigger, as by a Ctrl-C, and returns what it says then. */
export async function interruptedAt(
  cloud: Emulator,
  { match, skip = 0 }: Omit<Trigger, 'fault'>,
  change: (openApi: () => Promise<ServiceApi>) => Action<unknown>,
): Promise<{ message: string; hint: string }> {
  const stop = new AbortController();
  const act = () => stop.abort(new Interrupted('SIGINT'));
  cloud.on({ match, skip, fault: { kind: 'first', act } });
  const connection = {
    emulatorHost: cloud.host,
    identity: { kind: 'none' },
    env: {},
    signal: stop.signal,
  } as const;
  const failure: unknown = await change(() => openServiceApi(connection, LOCATION))
    .perform()
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  assert.ok(failure instanceof Interrupted, String(failure));
  return { message: failure.message, hint: failure.hint ?? '' };
}
