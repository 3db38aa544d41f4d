import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { requireRehearsalUrl } from '@deploy/cli';

describe('what may be asked while a local Cloud Run is used', () => {
  for (const url of [
    'http://127.0.0.1:4711',
    'http://localhost',
    'http://control.localhost:8080',
    'http://[::1]:8080',
    'http://10.1.2.3',
    'http://172.31.0.1',
    'http://192.168.1.1',
    'http://emulator:9000/path',
    'https://cloud.example.com/',
  ]) {
    test(`${url} may`, () => requireRehearsalUrl('cloud.example.com:9000', url, 'X'));
  }

  for (const url of [
    'https://openagents.com',
    'https://172.32.0.1',
    'https://8.8.8.8',
    'https://127.0.0.1.example.com',
  ]) {
    test(`${url} may not, and the variable is named`, () => {
      assert.throws(
        () => requireRehearsalUrl('127.0.0.1:9000', url, 'PROD_URL'),
        /^UserError: PROD_URL leads to /,
      );
    });
  }

  test('anything may without one', () => requireRehearsalUrl(undefined, 'https://openagents.com', 'X'));
});
