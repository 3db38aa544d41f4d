import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { whatWasChanged } from './changes-made.ts';
import { cleanLine } from './clean-text.ts';
import { errorMessage, Interrupted, UserError } from './errors.ts';
import { annotate } from './github-actions.ts';
import { endBy, listenForInterruption } from './interruption.ts';
import { outliveOutput } from './lost-output.ts';
import { type Misspelling, misspelledVariables, suggestWord } from './misspelling.ts';
import { isWatched } from './next-step.ts';
import { createOutput, type Output } from './output.ts';
import { ownCommand, rememberCaller } from './own-command.ts';
import { takeSecretsOut } from './secret-variables.ts';
import type { Environment } from './settings.ts';
import { projectRoot } from './target-checkout.ts';
import { actionsOf, callOf, type Usage, usageData, usageText } from './usage.ts';

export type Program = {
  argv: readonly string[];
  env: Environment;
  out: Output;
  /** Aborts when the script is interrupted. Everything that waits or runs a command takes this signal. */
  signal: AbortSignal;
};

/**
 * Runs a script's main function and sets the exit code: what the function returns (nothing means 0), or the code of the
 * UserError that it throws. Any other error is a bug: its stack is shown, and the exit code is 1. An interrupted script
 * ends by the signal that interrupted it.
 *
 * `--help` shows the usage as text, `--help=json` as data.
 *
 * All output is written before the process ends. Output that cannot be written does not end the work; if some of stdout
 * is missing, the exit code is at least 1. Open handles do not keep the process running.
 */
export async function runScript(
  usage: Usage,
  main: (program: Program) => Promise<number | undefined>,
): Promise<void> {
  // Needed for scripts that are started with `node`; those started with `tsx` have a cache already.
  enableCompileCache({ directory: join(projectRoot, 'node_modules/.cache/compiled'), portable: true });
  // If both are set, NO_COLOR wins. Node itself would prefer FORCE_COLOR and print a warning.
  if (process.env.NO_COLOR) delete process.env.FORCE_COLOR;
  const out = createOutput(process);
  using interruption = listenForInterruption();
  const { signal } = interruption;
  const program = { argv: process.argv.slice(2), env: takeSecretsOut(process.env), out, signal };
  rememberCaller(program.env);
  const { whyIncomplete } = outliveOutput(process);
  try {
    process.exitCode = showsHelp(usage, program) ? 0 : await work(usage, program, main);
  } catch (thrown) {
    // Start a new line after the ^C that the terminal shows.
    if (thrown instanceof Interrupted) out.note('');
    process.exitCode = reportFailure(thrown, program, usage.script);
    if (thrown instanceof Interrupted) endBy(thrown.signal);
  }
  await allWritten();
  const why = whyIncomplete();
  if (why !== undefined) {
    out.note(`error: stdout is incomplete, because it could not be written: ${why}`);
    if (process.exitCode === 0) out.note('Apart from that, the script has done its work.');
    process.exitCode ||= 1;
  }
  endInTime();
}

async function work(
  usage: Usage,
  program: Program,
  main: (program: Program) => Promise<number | undefined>,
): Promise<number> {
  warnOfSlips(usage, program);
  const exitCode = (await main(program)) ?? 0;
  if (exitCode === 0 && isDryRun(usage, program.env) && isWatched(program.env))
    program.out.note(dryRunNote(usage, program.argv));
  return exitCode;
}

/** Shows the help, if it is asked for. */
function showsHelp(usage: Usage, { argv, out }: Program): boolean {
  // Look for `--help` among all arguments, because people also ask for help on an action.
  const asText = argv.includes('--help') || argv.includes('-h');
  if (asText) out.data(usageText(usage));
  else if (argv.includes('--help=json')) out.data(JSON.stringify(usageData(usage), null, 2));
  else return false;
  return true;
}

function isDryRun({ settings }: Usage, env: Environment): boolean {
  return env.DRY_RUN === '1' && Object.values(settings).some(({ name }) => name === 'DRY_RUN');
}

/**
 * The last line of a dry run. It must not sound as if the platform had approved the change, because a dry run does not
 * ask the platform.
 */
function dryRunNote(usage: Usage, argv: readonly string[]): string {
  const changed = 'dry run: nothing was changed';
  if (callOf(usage, argv)?.changes !== true) return changed;
  return `${changed}, and nothing in the cloud was read: the real run may still be refused`;
}

/** How long open handles may keep a finished script running. */
const LINGER_MS = 200;

/** Resolves once all output is written, or cannot be. */
async function allWritten(): Promise<void> {
  const written = (stream: NodeJS.WriteStream) =>
    new Promise<void>((resolve) => stream.write('', () => resolve()));
  await Promise.all([written(process.stdout), written(process.stderr)]);
}

/**
 * Ends the process soon, if it does not end by itself: a DNS query, or a connection that does not close, may keep it
 * running although nobody waits for the result any more.
 */
function endInTime(): void {
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/**
 * Answers a call without arguments or with an unknown action: shows the usage text on stdout, and returns exit code 2.
 * If the action looks like a known one, suggests that one on stderr. On a terminal, the suggestion replaces the usage
 * text.
 */
export async function refuseUsage(usage: Usage, { argv, out }: Pick<Program, 'argv' | 'out'>): Promise<2> {
  const [action] = argv;
  const meant = action && suggestWord(action, actionsOf(usage));
  // On a terminal, a long usage text that nobody asked for would only distract from the suggestion.
  if (!meant || !process.stdout.isTTY) out.data(usageText(usage));
  if (meant) {
    out.note(`error: there is no action "${cleanLine(action, 60)}"`);
    out.note(`Did you mean: ${meant}`);
    out.note(`To see all actions: ${ownCommand(/([\w-]+)\.ts$/.exec(usage.script)?.[1] ?? '', ['--help'])}`);
  }
  return 2;
}

/**
 * Warns about ignored variables and arguments that were probably meant for this script. They must stay ignored, because
 * callers rely on that.
 */
function warnOfSlips(usage: Usage, { argv, env, out }: Program): void {
  const misspelled = misspelledVariables(env, usage.settings);
  if (callOf(usage, argv)?.changes && env.DRY_RUN !== '1' && env.SKIP_SPELLING_CHECK !== '1')
    requireKnownPlace(misspelled);
  for (const { variable, meant } of misspelled) {
    const message = `${variable} is not read by this script; did you mean ${meant}?`;
    out.note(`warning: ${message}`);
    annotate({ env, out }, { level: 'warning', title: usage.script, message });
  }
  if (argv.length > 0 && usage.calls.every((call) => call.arguments === '')) {
    out.note(
      'warning: this script takes no arguments and ignores the given ones; --help lists its variables',
    );
  }
}

const PLACE = ['PROJECT', 'REGION', 'SERVICE'];

/**
 * Throws a UserError if a variable that says where to make a change was probably misspelt. Otherwise the change would
 * go to the default place, which is production.
 */
function requireKnownPlace(misspelled: readonly Misspelling[]): void {
  const slip = misspelled.find(({ meant }) => PLACE.includes(meant));
  if (slip === undefined) return;
  const { variable, meant } = slip;
  throw new UserError(`${variable} is set and ${meant} is not: did you mean ${meant}?`, {
    hint: `Nothing was changed, because this would use the default of ${meant}. Set ${meant}, or unset ${variable}. To use the default anyway: SKIP_SPELLING_CHECK=1`,
  });
}

function reportFailure(thrown: unknown, program: Program, script: string): number {
  const { out } = program;
  const hint = thrown instanceof UserError ? hintOf(thrown) : undefined;
  annotate(program, {
    level: 'error',
    title: script,
    message: [errorMessage(thrown), ...(hint ? [hint] : [])].join('\n'),
  });
  if (thrown instanceof UserError) {
    out.note(`error: ${cleanLine(thrown.message, 2000)}`);
    if (hint !== undefined) out.note(hint);
    return thrown.exitCode;
  }
  out.note(`error: this is a bug in the deployment scripts: ${inspect(thrown)}`);
  return 1;
}

function hintOf(error: UserError): string | undefined {
  return error.hint ?? (error instanceof Interrupted ? whatWasChanged() : undefined);
}
