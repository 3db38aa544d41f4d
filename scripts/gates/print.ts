import type { Explanation, GateResult } from '@deploy/gates';

/** `[hit] cargo-test: …` */
export function explanationLine({ gate, expect, reason }: Explanation): string {
  return `[${expect}] ${gate}: ${reason}`;
}

/** `[passed] cargo-test (12.3 s, local cache; …)` */
export function verdictLine(result: GateResult): string {
  switch (result.state) {
    case 'passed':
      return `[passed] ${result.gate} (${seconds(result.durationMs)}, ${result.source})`;
    case 'failed':
      return `[failed] ${result.gate} (${seconds(result.durationMs)}, exit code ${result.exitCode})`;
    case 'not-run':
      return `[not run] ${result.gate}`;
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
