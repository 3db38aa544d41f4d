export { type Action, type Performed, performAction } from './action.ts';
export { resolveProject } from './active-project.ts';
export { type BoundedText, boundedText } from './bounded-text.ts';
export { isUntrusted, trustSystemCertificates } from './certificates.ts';
export { changesSent, countChange, rememberChange } from './changes-made.ts';
export { cleanLine, cleanText } from './clean-text.ts';
export { COMMAND_NOT_FOUND, closesInTime, readLines, runCommand } from './command.ts';
export { commandLine, HERE, type Variable } from './command-line.ts';
export { ageText, durationText, wholeSecondsText } from './duration-text.ts';
export { errorCode, errorMessage, extendedError, extendedHint, Interrupted, UserError } from './errors.ts';
export { withFileLock } from './file-lock.ts';
export { adviceLine, type Finding, findingsOf } from './finding.ts';
export { gitEnvironment } from './git-environment.ts';
export { addStepSummary, annotate, grouped, stepSummarySetting } from './github-actions.ts';
export { interruptible, listenForInterruption, tellIfInterrupted } from './interruption.ts';
export { type JunitCase, type JunitSuite, junitXml } from './junit.ts';
export { makeFolders } from './make-folders.ts';
export { suggestWord } from './misspelling.ts';
export { networkFailure } from './network-failure.ts';
export { isWatched, type NextStep, showNext } from './next-step.ts';
export { operatorEnvironment } from './operator-environment.ts';
export type { Output } from './output.ts';
export { gcloudCommand, gcloudVariables, ownCommand } from './own-command.ts';
export { path } from './path-setting.ts';
export { startLiveLine, startLiveText, startProgress } from './progress.ts';
export { type ProxyServer, proxyAuthorization, proxyFor } from './proxy.ts';
export { requireRehearsalUrl } from './rehearsal-url.ts';
export { type Program, refuseUsage, runScript } from './script.ts';
export { REDACTED, redact, redactForms, redactGuess, Secret, secretValues } from './secret.ts';
export { secretsAmong } from './secret-variables.ts';
export {
  decimalNumber,
  duration,
  type Environment,
  flag,
  oneOf,
  outputFormat,
  readSettings,
  type Setting,
  type SettingsOf,
  secretText,
  text,
  textWithDefault,
  tokenText,
  wholeNumber,
} from './settings.ts';
export { stopAlong } from './stop-along.ts';
export { alignedRows, escapeMarkdown, markdownTable } from './tables.ts';
export {
  checkoutSettings,
  findTargetCheckout,
  pathOfCaller,
  projectRoot,
  type TargetCheckout,
} from './target-checkout.ts';
export { openTunnel, ProxyFailure } from './tunnel.ts';
export { dropTrailingSlashes, percentDecoded } from './url-text.ts';
export type { Usage } from './usage.ts';
export { userName } from './user-name.ts';
export { wholeWordLines } from './whole-words.ts';
export { removeLeftovers, writeAtomically } from './write-atomically.ts';
