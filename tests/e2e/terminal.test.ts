import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { sampleCheckout } from '@deploy/rehearsal/stage';
import { without } from '../support/needs.ts';
import { runOnTerminal } from '../support/on-terminal.ts';
import { refusingAddress } from '../support/refusing-address.ts';
import { COMPILE_CACHE } from '../support/run-script.ts';
import { standInTools } from '../support/stand-in-tools.ts';

const SMOKE = [process.execPath, ...COMPILE_CACHE, 'scripts/smoke-health.ts'];

describe('on a terminal', { skip: await without('a pseudo-terminal'), concurrency: true }, () => {
  test('an error stands out, unless NO_COLOR is set', async () => {
    await using nobody = await refusingAddress();
    const env = { OPENAGENTS_BASE_URL: nobody.url };
    const coloured = await runOnTerminal(SMOKE, env);
    assert.equal(coloured.exitCode, 1);
    assert.ok(coloured.shown.includes('\u001b[31merror:\u001b[39m health: GET '), coloured.shown);
    const plain = await runOnTerminal(SMOKE, { ...env, NO_COLOR: '1' });
    assert.ok(!plain.shown.includes('\u001b[31m'), plain.shown);
    assert.match(plain.shown, /error: health: GET /);
  });

  test('of unknown width, a script ends all the same', { timeout: 120_000 }, async () => {
    await using nobody = await refusingAddress();
    const { exitCode, shown } = await runOnTerminal(SMOKE, { OPENAGENTS_BASE_URL: nobody.url }, undefined, 0);
    assert.equal(exitCode, 1);
    assert.match(stripVTControlCharacters(shown), /error: health: GET /);
  });

  test('a gate that is silent shows that it runs, and for how long; its lines stay above', async () => {
    await using checkout = await sampleCheckout();
    await using folder = await mkdtempDisposable(join(tmpdir(), 'terminal-'));
    const goOn = join(folder.path, 'go-on');
    await using tools = await standInTools({
      cargo: `[ "$1" = test ] || exit 1; echo compiling; while [ ! -e '${goOn}' ]; do sleep 0.1; done; echo compiled; exit 101`,
    });
    const env = {
      PATH: `${tools.folder}:${process.env.PATH}`,
      GATES: 'cargo-test',
      OPENAGENTS_REPO_ROOT: checkout.root,
      TURBO_CACHE_DIR: folder.path,
    };
    const { exitCode, shown } = await runOnTerminal(
      [process.execPath, ...COMPILE_CACHE, 'scripts/gates.ts'],
      env,
      (soFar) =>
        /cargo-test \((?:[2-9]|\d\d) s\)/.test(stripVTControlCharacters(soFar)) && writeFileSync(goOn, ''),
    );
    assert.equal(exitCode, 101);
    assert.ok(shown.includes('\u001b[1m## cargo-test, 1 of 1\u001b[22m'), shown);
    assert.ok(shown.includes('\u001b[31m[failed]\u001b[39m cargo-test ('), shown);
    assert.match(
      stripVTControlCharacters(shown),
      /## cargo-test, 1 of 1\r?\n.*compiling\r?\n.*compiled\r?\n.*\[failed\]/s,
    );
  });
});
