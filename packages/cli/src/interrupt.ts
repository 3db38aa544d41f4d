import { cleanLine } from './clean-text.ts';
import { redact } from './secret.ts';
import { onStopSignals } from './stop-signals.ts';

/** What is to be said when the script is stopped at this point: what was going on, and what to do now. */
export type InterruptionNotice = { message: string; hint: string };

const notices: InterruptionNotice[] = [];
let listening: Disposable | undefined;

/**
 * From here until it is disposed of, whoever stops the script (Ctrl-C, SIGTERM, a closed terminal) is told this; of
 * several the latest. The process then ends by the same signal, as it would have without this.
 */
export function tellIfInterrupted(notice: InterruptionNotice): Disposable {
  listening ??= onStopSignals(tellAndEnd);
  notices.push(notice);
  return {
    [Symbol.dispose]() {
      notices.splice(notices.indexOf(notice), 1);
      if (notices.length === 0) stopListening();
    },
  };
}

function tellAndEnd(signal: NodeJS.Signals): void {
  const notice = notices.at(-1);
  stopListening();
  if (notice !== undefined) {
    const lines = [`error: interrupted ${notice.message}`, notice.hint];
    process.stderr.write(`\n${lines.map((line) => redact(cleanLine(line))).join('\n')}\n`);
  }
  process.kill(process.pid, signal);
}

function stopListening(): void {
  listening?.[Symbol.dispose]();
  listening = undefined;
}
