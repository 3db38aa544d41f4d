import { cleanLine } from './clean-text.ts';
import { redact } from './secret.ts';
import { onStopSignals } from './stop-signals.ts';

/** What to say when the script is stopped at this point: what was going on, and what to do now. */
export type InterruptionNotice = {
  message: string;
  hint: string;
  /** Say the hint also when a later notice takes the message's place: it stays true whatever goes on by then. */
  lasting?: boolean;
};

const notices: InterruptionNotice[] = [];
let listening: Disposable | undefined;

/**
 * From here until it is disposed of, whoever stops the script (Ctrl-C, SIGTERM, a closed terminal) is told this; of
 * several the latest, and the hints of the lasting ones. The process then ends by the same signal, as it would have
 * without this.
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
    const hints = [notice, ...notices.filter((other) => other.lasting && other !== notice)].map(
      ({ hint }) => hint,
    );
    const lines = [`error: interrupted ${notice.message}`, hints.join(' ')];
    process.stderr.write(`\n${lines.map((line) => redact(cleanLine(line))).join('\n')}\n`);
  }
  process.kill(process.pid, signal);
}

function stopListening(): void {
  listening?.[Symbol.dispose]();
  listening = undefined;
}
