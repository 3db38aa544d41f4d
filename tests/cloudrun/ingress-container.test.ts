import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UserError } from '@deploy/cli';
import { type Container, ingressContainer, withIngressContainer } from '@deploy/cloudrun/service';

const port = { containerPort: 8080 };
const collector = { name: 'collector', image: 'otel:1' };
const app = { name: 'app', image: 'app:1', ports: [port] };

describe('the container that takes the requests', () => {
  for (const [what, containers, expected] of [
    ['is the only one, with a port or without', [collector], collector],
    ['is the one with a port, wherever it stands', [collector, app], app],
    ['is the first of two with a port, as gcloud has it', [collector, app, { ...app, name: 'other' }], app],
    ['is not one whose list of ports is empty', [{ ...collector, ports: [] }, app], app],
  ] satisfies [string, Container[], Container][]) {
    test(what, () => assert.equal(ingressContainer({ containers }), expected));
  }

  test('of several without a port cannot be told: the error names them', () => {
    assert.throws(
      () => ingressContainer({ containers: [collector, { image: 'app:1' }] }),
      (error) => error instanceof UserError && /none of collector, app:1 exposes a port/.test(error.message),
    );
    assert.throws(() => ingressContainer({}), /has no container/);
  });

  test('is changed without touching the others', () => {
    const template = { timeout: '60s', containers: [collector, app] };
    assert.deepEqual(
      withIngressContainer(template, (each) => ({ ...each, image: 'app:2' })),
      { timeout: '60s', containers: [collector, { ...app, image: 'app:2' }] },
    );
  });
});
