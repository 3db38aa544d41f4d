import type { Clock } from '../clock.ts';
import { Agent } from '../http.ts';
import { call } from './call.ts';
import { createPerson, type Person } from './person.ts';

export type LoadOptions = {
  /** Requests per minute of the emulator's clock, on average. They are sent at random moments. */
  perMinute: number;
  /** Whether the simulated people sign in (default true). */
  signsIn?: boolean;
};

export type Load = {
  /** The number of answers so far, by status; status 0 counts requests without an answer. */
  statuses(): Readonly<Record<number, number>>;
  /** Requests that were left out because the machine could not keep up. */
  missed(): number;
  /** Stops sending; resolves when the last request has ended. */
  stop(): Promise<void>;
};

const MOST_AT_ONCE = 256;

/** Sends requests to an address as users would, until it is stopped. */
export function startLoad(url: string, clock: Clock, { perMinute, signsIn = true }: LoadOptions): Load {
  const base = new URL(url);
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_AT_ONCE });
  const idle: Person[] = [];
  const counts: Record<number, number> = {};
  const underWay = new Set<Promise<void>>();
  const stopping = new AbortController();
  let people = 0;
  let missed = 0;
  let endsAt = Number.POSITIVE_INFINITY;

  const oneRequest = async (): Promise<void> => {
    let person = idle.shift() ?? createPerson(people++, { signsIn });
    let next = person.next();
    while (next === undefined) {
      person = createPerson(people++, { signsIn });
      next = person.next();
    }
    const answer = await call(base, agent, next);
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
    person.answered(answer);
    idle.push(person);
  };

  const run = async (): Promise<void> => {
    const gap = (): number => (-Math.log(1 - Math.random()) * 60_000) / perMinute;
    let dueAt = clock.now() + gap();
    for (;;) {
      for (; dueAt <= Math.min(clock.now(), endsAt); dueAt += gap()) {
        if (underWay.size >= MOST_AT_ONCE) {
          missed += 1;
          continue;
        }
        const work: Promise<void> = oneRequest().finally(() => underWay.delete(work));
        underWay.add(work);
      }
      if (stopping.signal.aborted) return;
      await clock.sleep(Math.max(dueAt - clock.now(), 0), stopping.signal);
    }
  };
  const running = run();

  return {
    statuses: () => ({ ...counts }),
    missed: () => missed,
    async stop() {
      endsAt = Math.min(endsAt, clock.now());
      stopping.abort();
      await running;
      await Promise.all(underWay);
      agent.destroy();
    },
  };
}

const UNITS_MINUTES: Readonly<Record<string, number>> = { s: 1 / 60, sec: 1 / 60, min: 1, h: 60, hour: 60 };

/** Parses `120/min`, `5/s` or `90/hour` as requests per minute; undefined for anything else. */
export function parseRate(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\/([a-z]+)$/.exec(text.trim()) ?? [];
  const minutes = UNITS_MINUTES[unit];
  return count === undefined || minutes === undefined || Number(count) <= 0
    ? undefined
    : Number(count) / minutes;
}
