import { cleanLine, duration, flag, type Setting, secretText, text, UserError } from '@deploy/cli';
import { parsePassedNames } from './environment.ts';
import { type ExtraInput, parseExtraInputs } from './extra-inputs.ts';
import { type GateId, gateIds } from './gates.ts';

/** The settings of the gates, and those that turbo reads for a shared cache. */
export const gateSettings = {
  selected: selection(
    'GATES',
    `gates to run, separated by commas: ${gateIds.join(', ')} (default: all of them)`,
  ),
  force: flag('GATES_FORCE', 'run the gates whether or not their verdicts are cached'),
  maxAgeMs: duration('GATES_MAX_AGE', '7d', 'how old a cached verdict may be'),
  passed: {
    name: 'GATES_PASS_ENV',
    meaning:
      'names of additional variables to pass to gates, separated by commas; verdicts then depend on them',
    parse: parsePassedNames,
  } satisfies Setting<string[]>,
  extraInputs: {
    name: 'GATES_EXTRA_INPUTS',
    meaning:
      'files and folders of the checkout that gates read at run time, as path or gate:path, separated by commas; verdicts then depend on them',
    parse: parseExtraInputs,
  } satisfies Setting<ExtraInput[]>,
  // Turbo reads these. They are listed here so that the help shows them and their secrets are redacted.
  turboApi: text('TURBO_API', 'shared cache: its URL'),
  turboTeam: text('TURBO_TEAM', 'shared cache: the team'),
  turboTeamId: text('TURBO_TEAMID', 'shared cache: the id of the team'),
  turboToken: secretText('TURBO_TOKEN', 'shared cache: the token'),
  signatureKey: secretText(
    'TURBO_REMOTE_CACHE_SIGNATURE_KEY',
    'shared cache: the key that verdicts are signed with; without it the cache is not used',
  ),
};

/** The values of the gates' own settings. */
export type GateChoices = {
  selected: readonly GateId[] | undefined;
  force: boolean;
  maxAgeMs: number;
  passed: readonly string[];
  extraInputs: readonly ExtraInput[];
};

function selection(name: string, meaning: string): Setting<readonly GateId[] | undefined> {
  return {
    name,
    meaning,
    parse(value) {
      if (value === undefined) return undefined;
      const asked = value.split(',').map((each) => each.trim());
      const unknown = asked.find((each) => !gateIds.some((id) => id === each));
      if (unknown !== undefined) {
        throw new UserError(`${name} has "${cleanLine(unknown, 60)}", which is not a gate`, {
          hint: `The gates are: ${gateIds.join(', ')}.`,
        });
      }
      return gateIds.filter((id) => asked.includes(id));
    },
  };
}
