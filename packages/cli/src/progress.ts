import { cleanLine } from './clean-text.ts';
import { wholeSecondsText } from './duration-text.ts';
import { withoutCommands } from './github-commands.ts';
import { redact } from './secret.ts';

/** Shows a waiting person what the script is waiting for. */
type Progress = {
  /** Says what the script is waiting for now. Repeating the same text changes nothing. */
  update(text: string): void;
  /** Ends the display with a last line. */
  done(text: string): void;
  /** Ends the display without a last line, for a caller that reports a failure itself. */
  stop(): void;
};

/**
 * Starts a progress display on stderr. On a terminal this is one live line with the elapsed time; elsewhere a plain
 * line is printed whenever the text changes.
 */
export async function startProgress(label: string): Promise<Progress> {
  return process.stderr.isTTY ? liveLine(label) : plainLines(label);
}

/** A display for work that prints lines of its own: on a terminal, a live line below them; elsewhere nothing. */
export async function startLiveLine(label: string): Promise<Pick<Progress, 'stop'>> {
  return process.stderr.isTTY ? liveLine(label) : { stop: () => {} };
}

/**
 * Draws one or more lines of text beside a spinner on a terminal, and redraws them as they change. Whatever else is
 * printed meanwhile appears above them. The text must not contain secrets.
 */
export async function startLiveText(
  render: () => string,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<Pick<Progress, 'done' | 'stop'>> {
  // A terminal of unknown width reports 0 columns, and ora would then never finish clearing lines.
  if (stream.columns === 0) return { done: (last) => void stream.write(`${last}\n`), stop: () => {} };
  const { default: ora } = await import('ora');
  const spinner = ora({ text: render(), stream, discardStdin: false }).start();
  const tick = setInterval(() => {
    spinner.text = render();
  }, 100);
  return {
    done(last) {
      clearInterval(tick);
      spinner.succeed(last);
    },
    stop() {
      clearInterval(tick);
      spinner.stop();
    },
  };
}

async function liveLine(label: string): Promise<Progress> {
  const startedAt = performance.now();
  let text = shown(label);
  const live = await startLiveText(() => `${text} (${elapsed(startedAt)})`);
  return {
    update(next) {
      text = shown(next);
    },
    done: (last) => live.done(`${shown(last)} (${elapsed(startedAt)})`),
    stop: live.stop,
  };
}

function plainLines(label: string): Progress {
  const startedAt = performance.now();
  let last = '';
  const say = (text: string): void => {
    if (text === last) return;
    last = text;
    process.stderr.write(`${text}\n`);
  };
  say(shown(label));
  return {
    update: (text) => say(shown(text)),
    done: (text) => say(`${shown(text)} (${elapsed(startedAt)})`),
    stop: () => {},
  };
}

function shown(text: string): string {
  return withoutCommands(redact(cleanLine(text)));
}

function elapsed(startedAt: number): string {
  return wholeSecondsText(performance.now() - startedAt);
}
