import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { text } from '@deploy/cli';
import { misspelledVariables } from '@deploy/cli/start';

const NAMES = [
  'PROJECT',
  'IMAGE',
  'DRY_RUN',
  'GATES',
  'OPENAGENTS_BASE_URL',
  'CLOUDSDK_AUTH_ACCESS_TOKEN',
  'SMOKE_RETRIES',
  'TURBO_TEAM',
];
const settings = Object.fromEntries(NAMES.map((name) => [name, text(name, '')]));
const found = (...variables: string[]) =>
  misspelledVariables(Object.fromEntries(variables.map((name) => [name, 'x'])), settings);

describe('a variable that looks like a setting and is none', () => {
  for (const [variable, meant] of [
    ['OPENAGENTS_BASEURL', 'OPENAGENTS_BASE_URL'],
    ['OPENAGENT_BASE_URLS', 'OPENAGENTS_BASE_URL'],
    ['openagents_base_url', 'OPENAGENTS_BASE_URL'],
    ['DRYRUN', 'DRY_RUN'],
    ['dry_run', 'DRY_RUN'],
    ['PROJEKT', 'PROJECT'],
    ['PROJCET', 'PROJECT'],
    ['SMOKE_RETIRES', 'SMOKE_RETRIES'],
    ['CLOUDSDK_AUTH_ACCES_TOKEN', 'CLOUDSDK_AUTH_ACCESS_TOKEN'],
  ] as const) {
    test(`${variable} is taken for ${meant}`, () => {
      assert.deepEqual(found(variable), [{ variable, meant }]);
    });
  }

  for (const [why, variables] of [
    ['settings themselves', NAMES],
    ['what has a neighbour that is set: its name is known', ['DRY_RUN', 'DRYRUN', 'IMAGE', 'IMAGES']],
    [
      'what a shell, a terminal and a CI have set',
      ['PATH', 'HOME', 'USER', 'LANG', 'TERM', 'PWD', 'SHLVL', 'PAGER', 'EDITOR', 'TZ', '_', 'CI', 'PS1'],
    ],
    [
      'what is about the same thing',
      ['GCP_PROJECT', 'BASE_URL', 'SMOKE_TIMEOUT_SECONDS', 'TURBO_TOKEN', 'RETRIES'],
    ],
  ] as const) {
    test(`not: ${why}`, () => assert.deepEqual(found(...variables), []));
  }

  test('not: an empty variable, which counts as unset', () => {
    assert.deepEqual(misspelledVariables({ DRYRUN: '', PROJEKT: undefined }, settings), []);
  });
});
