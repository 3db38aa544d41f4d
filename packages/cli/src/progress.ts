import { cleanLine } from './clean-text.ts';
import { wholeSecondsText } from './duration-text.ts';
import { redact } from './secret.ts';

/** Tells a waiting person what is being waited for. */
export type Progress = {
  /** What is being waited for now; telling the same again changes nothing. */
  update(text: string): void;
  /** Ends it with a last line. */
  done(text: string): void;
  /** Ends it silently; the caller reports the failure. */
  stop(): void;
};

/**
 * Starts a progress display on stderr: on a terminal one live line with the elapsed time, else a plain line whenever
 * the text changes.
 */
export async function startProgress(label: string): Promise<Progress> {
  return process.stderr.isTTY ? liveLine(label) : plainLines(label);
}

/**
 * The same for what prints lines of its own: on a terminal a live line that stays below them, and not a word elsewhere,
 * where those lines are enough.
 */
export async function startLiveLine(label: string): Promise<Pick<Progress, 'stop'>> {
  return process.stderr.isTTY ? liveLine(label) : { stop: () => {} };
}

/**
 * Draws text on a terminal, one line or several, beside a spinner, and draws it anew as it changes. Whatever else is
 * printed meanwhile goes above it. The text must hold no secret.
 */
export async function startLiveText(
  render: () => string,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<Pick<Progress, 'done' | 'stop'>> {
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
  return redact(cleanLine(text));
}

function elapsed(startedAt: number): string {
  return wholeSecondsText(performance.now() - startedAt);
}
