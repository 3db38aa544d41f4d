import { cleanLine } from './clean-text.ts';
import { redact } from './secret.ts';

/** Tells a waiting person what is being waited for. */
export type Progress = {
  /** What is being waited for now; telling the same again changes nothing. */
  update(text: string): void;
  /** Ends it with a last line. */
  done(text: string): void;
  /** Ends it without a word: the failure is told elsewhere. */
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

async function liveLine(label: string): Promise<Progress> {
  const { default: ora } = await import('ora');
  const startedAt = performance.now();
  let text = shown(label);
  const spinner = ora({ text, discardStdin: false }).start();
  const tick = setInterval(() => {
    spinner.text = `${text} (${elapsed(startedAt)})`;
  }, 1000);
  const end = (): void => clearInterval(tick);
  return {
    update(next) {
      text = shown(next);
      spinner.text = `${text} (${elapsed(startedAt)})`;
    },
    done(last) {
      end();
      spinner.succeed(`${shown(last)} (${elapsed(startedAt)})`);
    },
    stop() {
      end();
      spinner.stop();
    },
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
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
