import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings } from '@deploy/cli';
import { afterMatrix, matrixSettings } from '@deploy/matrix';

for (const [checked, production] of [
  ['control-staging', 'control'],
  ['control', 'control'],
] as const) {
  test(`after a matrix of ${checked}, production is ${production}`, () => {
    const settings = readSettings({ CONTROL_SERVICE: checked, PROJECT: 'openagentsgemini' }, matrixSettings);
    const { command = '' } = afterMatrix(settings);
    assert.match(command, new RegExp(` SERVICE=${production} .*deploy-production\\.ts$`));
  });
}
