/**
 * A failure that the person at the keyboard can do something about. It is shown without a stack, as one `error:` line,
 * with the hint on the next line. Anything else that is thrown is a bug and shows its stack.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** What to do next, if there is something to do. */
  readonly hint: string | undefined;
  /**
   * 1: the work failed, or something required is missing. 2: wrong usage. 3: a canary's verdict or promotion ended
   * without a decision. When a gate fails: the gate's own exit code.
   */
  readonly exitCode: number;

  constructor(message: string, options: { hint?: string; exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? 1;
  }
}

/**
 * An interruption by Ctrl-C, SIGTERM or a closed terminal, thrown after everything that was running has stopped. It is
 * shown like any other error, and then the script ends itself by that signal.
 */
export class Interrupted extends UserError {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals, message = `interrupted by ${signal}`, hint?: string) {
    super(message, hint === undefined ? {} : { hint });
    this.signal = signal;
  }
}

/** The same error with more at the end of its message and of its hint; an interruption stays one. */
export function extendedError(error: UserError, message: string, hint: string): UserError {
  const whole = `${error.message}${message}`;
  const longer = hint === '' ? error.hint : extendedHint(error, hint);
  if (error instanceof Interrupted) return new Interrupted(error.signal, whole, longer);
  return new UserError(whole, {
    ...(longer !== undefined && { hint: longer }),
    exitCode: error.exitCode,
    cause: error,
  });
}

/** Adds to the hint of an error, if it has one. Each hint has its own line, so that commands can be pasted. */
export function extendedHint({ hint }: UserError, more: string): string {
  return hint === undefined ? more : `${hint}\n${more}`;
}

export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code of a Node or network error, such as `ENOENT`; empty when it has none. */
export function errorCode(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
}
