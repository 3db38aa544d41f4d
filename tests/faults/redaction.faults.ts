import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redact, Secret } from '@deploy/cli';
import fc from 'fast-check';
import { count } from './counts.ts';

const SECRETS = 1000;

test('what is redacted stays redacted, whatever the secret', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 12, maxLength: 40 }),
      fc.string({ maxLength: 20 }),
      (value, around) => {
        new Secret(value);
        assert.ok(!redact(`${around}${value}${around}`).includes(value) || '<redacted>'.includes(value));
      },
    ),
    { numRuns: SECRETS },
  );
  count('secrets redacted', SECRETS);
});
