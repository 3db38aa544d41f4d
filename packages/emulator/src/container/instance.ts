import type { Clock } from '../clock.ts';

export type Instance = {
  port: number;
  /** Resolves with the exit code when the instance ends, for any reason. */
  exited: Promise<number | null>;
  /** Stops the instance, and resolves when it has ended. */
  stop(): Promise<void>;
};

/** A revision's container: one instance at a time. After an instance has ended, the next request starts another. */
export type Container = {
  /** The instance's port; undefined while there is no instance. */
  port(): number | undefined;
  /** Starts an instance unless one is running. Resolves with its port, or with undefined if it does not start. */
  wake(): Promise<number | undefined>;
  close(): Promise<void>;
};

export type ContainerLife = {
  clock: Clock;
  start(): Promise<Instance | undefined>;
  /** After how many milliseconds of the emulator's clock an instance crashes; undefined for never. */
  crashAfterMs: number | undefined;
  /** Called when an instance ends by itself. */
  onExit(exitCode: number | null): void;
};

/** A container whose first instance is already running. */
export function keepAlive(first: Instance, { clock, start, crashAfterMs, onExit }: ContainerLife): Container {
  let instance: Instance | undefined;
  let starting: Promise<number | undefined> | undefined;
  const closing = new AbortController();

  const take = (next: Instance): void => {
    instance = next;
    let crashed = false;
    void next.exited.then((exitCode) => {
      if (instance === next) instance = undefined;
      if (!closing.signal.aborted) onExit(crashed ? 1 : exitCode);
    });
    if (crashAfterMs === undefined) return;
    void clock.sleep(crashAfterMs, closing.signal).then(() => {
      if (closing.signal.aborted || instance !== next) return;
      crashed = true;
      instance = undefined;
      void next.stop();
    });
  };
  take(first);

  return {
    port: () => instance?.port,
    wake() {
      if (instance !== undefined) return Promise.resolve(instance.port);
      if (closing.signal.aborted) return Promise.resolve(undefined);
      starting ??= start()
        .then(async (next) => {
          if (next === undefined) return undefined;
          if (!closing.signal.aborted) take(next);
          else await next.stop();
          return instance?.port;
        })
        .finally(() => {
          starting = undefined;
        });
      return starting;
    },
    async close() {
      closing.abort();
      await starting;
      await instance?.stop();
    },
  };
}
