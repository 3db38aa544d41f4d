import { setTimeout as sleep } from 'node:timers/promises';
import type { buildConnector } from 'undici';
import type { Route } from './route.ts';

const LONGEST_LOOKUP_MS = 200;

export type EarlyConnections = {
  /** Hands out the connections that were opened early, unless they have failed meanwhile; then opens more. */
  connect: buildConnector.connector;
  /**
   * Resolves when the name is looked up and connecting has begun, or failed: from then on it goes on by itself. A name
   * that takes longer is not waited for, since no request's time-out runs yet.
   */
  begun: Promise<void>;
  /** Closes those that are not open yet or were not handed out. */
  close(): void;
};

/**
 * Opens connections before there is anything to send, so that what sends can be loaded while the other side answers. It
 * saves some 40 ms of a smoke run at 50 ms round-trip time, and two round trips of one that needs more connections later
 * than at first.
 */
export function connectEarly(origin: URL, howMany: number, route: Route): EarlyConnections {
  const target = connectionTarget(origin);
  const early = Array.from({ length: howMany }, () => route.open(target));
  const all = new Set(early);
  const begun = Promise.all(early.map((opening) => opening.begun)).then(() => {});
  return {
    connect(asked, callback) {
      let opening = early.shift();
      while (opening?.isOver()) opening = early.shift();
      opening ??= route.open(asked);
      all.add(opening);
      opening.connected.then(
        (socket) => {
          all.delete(opening);
          callback(null, socket);
        },
        (error) => {
          all.delete(opening);
          callback(error, null);
        },
      );
    },
    begun: Promise.race([begun, sleep(LONGEST_LOOKUP_MS, undefined, { ref: false })]),
    close: () => {
      for (const opening of all) opening.abandon();
    },
  };
}

/** What a connection to this origin is opened to. */
export function connectionTarget({ protocol, host, hostname, port }: URL): buildConnector.Options {
  // An IPv6 address without its brackets.
  return { protocol, host, hostname: hostname.replace(/^\[|\]$/g, ''), port };
}
