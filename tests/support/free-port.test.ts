import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { freePort } from './free-port.ts';

test('a port that was given away is not given to another test, although nothing listens there yet', async () => {
  const [place, other] = [Math.random(), Math.random()];
  const places = [place, place, place, other, Math.random(), Math.random()];
  const random = mock.method(Math, 'random', () => places.shift() ?? 0.5);
  try {
    assert.notEqual(await freePort(), await freePort());
  } finally {
    random.mock.restore();
  }
});
