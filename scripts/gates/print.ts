import { cleanLine, durationText, escapeMarkdown, markdownTable, ownCommand } from '@deploy/cli';
import type { Explanation, GateResult, GateRun } from '@deploy/gates';

/** A line such as `[hit] cargo-test: …`. */
export function explanationLine({ gate, expect, reason }: Explanation): string {
  return `[${expect}] ${gate}: ${cleanLine(reason, 2000)}`;
}

/**
 * A line such as `[passed] cargo-test (12.3 s, this run)`, or, for a cached verdict, `[passed] cargo-test (took 12.3 s
 * then, local cache; first established …)`.
 */
export function verdictLine(result: GateResult): string {
  switch (result.state) {
    case 'passed':
      return `[passed] ${result.gate} (${took(result)}, ${cleanLine(result.source)})`;
    case 'failed':
      return `[failed] ${result.gate} (${seconds(result.durationMs)}, exit code ${result.exitCode})`;
    case 'not-run':
      return `[not run] ${result.gate}`;
  }
}

/** The verdicts as a Markdown table, under a title. */
export function gatesMarkdown({ results, leftOut }: GateRun): string {
  const table = markdownTable([['gate', 'verdict', 'took', 'from'], ...results.map(row)]);
  const partial = leftOut.length === 0 ? [] : ['', `Verified in part only: without ${leftOut.join(', ')}.`];
  return ['### Verification gates', '', ...table, ...partial, '', ''].join('\n');
}

function row(result: GateResult): string[] {
  switch (result.state) {
    case 'passed':
      return [
        result.gate,
        'passed',
        result.cache === 'hit' ? `${durationText(result.durationMs)} then` : durationText(result.durationMs),
        escapeMarkdown(cleanLine(result.source)),
      ];
    case 'failed':
      return [
        result.gate,
        `**failed**, exit code ${result.exitCode}`,
        durationText(result.durationMs),
        'this run',
      ];
    case 'not-run':
      return [result.gate, 'not run', '', ''];
  }
}

/** A cached verdict took no time in this run: its seconds are those of the run that established it. */
function took({ cache, durationMs }: Extract<GateResult, { state: 'passed' }>): string {
  return cache === 'hit' ? `took ${seconds(durationMs)} then` : seconds(durationMs);
}

/** Always in seconds, because programs parse these lines. */
function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** The command that runs the failed gates again, on lines of its own; empty when none has failed. */
export function againCommand({ results }: GateRun): string {
  const failed = results.flatMap(({ gate, state }) => (state === 'failed' ? [gate] : []));
  if (failed.length === 0) return '';
  return `\nnext, to run ${failed.length === 1 ? 'it' : 'them'} again alone:\n  ${ownCommand('gates', [], [['GATES', failed.join(',')]])}`;
}
