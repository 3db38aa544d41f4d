import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ServiceJson, TrafficTargetJson } from '@deploy/emulator';
import { type ContainerJson, validateService, validateServiceName } from '@deploy/emulator/service';

const LATEST = 'TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST';
const sound = {
  template: { containers: [{ image: 'host/image' }] },
  traffic: [{ type: LATEST, percent: 100 }],
} as unknown as ServiceJson;

const refused = (changes: Partial<ServiceJson>, message: string) =>
  assert.throws(() => validateService('svc', { ...sound, ...changes }), { httpStatus: 400, message });
const taken = (changes: Partial<ServiceJson>) => validateService('svc', { ...sound, ...changes });

describe('the name of a service', () => {
  for (const name of ['a', 'a-1', 'a1', 'ab-c', `a${'b'.repeat(48)}`]) {
    test(`can be ${name}`, () => validateServiceName(name));
  }
  for (const name of ['', '1a', 'a-', '-a', 'A', 'a_b', 'a.b', 'a b', `a${'b'.repeat(49)}`]) {
    test(`cannot be '${name}'`, () =>
      assert.throws(() => validateServiceName(name), {
        httpStatus: 400,
        message: `service_id: '${name}' is not a valid service name.`,
      }));
  }
});

describe('a split', () => {
  const revision = 'svc-00001-abc';
  const shares = (...percents: (number | undefined)[]): TrafficTargetJson[] =>
    percents.map((percent) => ({ revision, ...(percent === undefined ? {} : { percent }) }));
  const tagged = (...tags: string[]): TrafficTargetJson[] => [
    ...shares(100),
    ...tags.map((tag) => ({ revision, tag })),
  ];

  test('may be empty, whole, in parts, with entries without a share', () => {
    for (const traffic of [[], shares(100), shares(99, 1), shares(100, 0), shares(undefined, 100)]) {
      taken({ traffic });
    }
    taken({ traffic: tagged('a', 'b1', 'c-d') });
  });

  test('has shares between 0 and 100 that add up to 100', () => {
    refused({ traffic: shares(-1, 101) }, 'traffic: percent -1 is not between 0 and 100.');
    refused({ traffic: shares(101) }, 'traffic: percent 101 is not between 0 and 100.');
    refused({ traffic: shares(99) }, 'traffic: percentages add up to 99, not 100.');
    refused({ traffic: shares(100, 1) }, 'traffic: percentages add up to 101, not 100.');
    refused({ traffic: shares(0) }, 'traffic: percentages add up to 0, not 100.');
  });

  test('goes to a revision or to LATEST, never to both or neither', () => {
    const neither = 'traffic: a target needs a revision or the type LATEST.';
    refused({ traffic: [{ percent: 100 }] }, neither);
    refused({ traffic: [{ revision: '', percent: 100 }] }, neither);
    refused(
      { traffic: [{ type: LATEST, revision, percent: 100 }] },
      'traffic: a target of the type LATEST names no revision.',
    );
  });

  test('has tags that can be part of a host name, each once', () => {
    for (const tag of ['', '1a', 'a-', '-a', 'A', 'a_b', 'a.b']) {
      refused({ traffic: tagged(tag) }, `traffic: tag '${tag}' is not a valid tag.`);
    }
    refused({ traffic: tagged('a', 'b', 'a') }, "traffic: tag 'a' is used twice.");
    // With the name of the service, 46 characters.
    taken({ traffic: tagged('t'.repeat(43)) });
    refused(
      { traffic: tagged('t'.repeat(44)) },
      'Combined traffic tag and service name cannot exceed 46 characters.',
    );
  });
});

describe('labels and annotations', () => {
  const places = [
    ['labels', (entries: Record<string, string>) => ({ labels: entries })],
    ['annotations', (entries: Record<string, string>) => ({ annotations: entries })],
    [
      'template.labels',
      (entries: Record<string, string>) => ({ template: { ...sound.template, labels: entries } }),
    ],
    [
      'template.annotations',
      (entries: Record<string, string>) => ({ template: { ...sound.template, annotations: entries } }),
    ],
  ] as const;
  const namespaces = [
    'run.googleapis.com',
    'cloud.googleapis.com',
    'serving.knative.dev',
    'autoscaling.knative.dev',
  ];
  for (const [where, put] of places) {
    test(`${where} are the user's own, outside the namespaces that the platform reserves`, () => {
      taken(
        put({ 'openagents.com/x': '1', 'my.run.googleapis.com/x': '1', 'run.googleapis.community/x': '1' }),
      );
      for (const namespace of namespaces) {
        const key = `${namespace}/x`;
        refused(put({ mine: '1', [key]: '1' }), `${where}: '${key}' is in a reserved namespace.`);
      }
    });
  }
});

describe('a template', () => {
  const image = 'host/image';
  const named = (revision: string) => ({ template: { ...sound.template, revision } });
  const containers = (...list: ContainerJson[]) => ({ template: { containers: list } });
  const port = [{ containerPort: 8080 }];

  test('may name its revision: the name of the service, a hyphen, and more', () => {
    for (const name of ['', 'svc-a', 'svc-00001-abc', `svc-${'a'.repeat(59)}`]) taken(named(name));
    for (const name of ['svc-', 'svc-A', '1svc-a', 'svc-a_b', 'svc-a.b', 'svc-a-', `svc-${'a'.repeat(60)}`]) {
      refused(named(name), `template.revision: '${name}' is not a valid revision name.`);
    }
    for (const name of ['other-a', 'svca', 'a', 'svc']) {
      refused(
        named(name),
        `template.revision: '${name}' must be prefixed by the service's name and a hyphen.`,
      );
    }
  });

  test('has a container, and every container an image', () => {
    refused({ template: {} }, 'template.containers[0].image is required.');
    refused(containers(), 'template.containers[0].image is required.');
    refused(containers({}), 'template.containers[0].image is required.');
    refused(containers({ image, ports: port }, { image: '' }), 'template.containers[1].image is required.');
  });

  test('gives every variable once in a container, and may give it again in another', () => {
    const [a, b] = [{ name: 'A' }, { name: 'B' }];
    taken(containers({ image, ports: port, env: [a, b] }, { image, env: [a] }));
    refused(containers({ image, env: [a, b, b] }), "template.containers[0].env: 'B' is given twice.");
  });

  test('opens one port in a container, and in one container of several', () => {
    taken(containers({ image }));
    taken(containers({ image, ports: port }));
    taken(containers({ image }, { image, ports: port }));
    refused(
      containers({ image, ports: [...port, { containerPort: 9090 }] }),
      'template.containers[0].ports: only a single port can be specified.',
    );
    const exactlyOne =
      'template.containers: Revision template should contain exactly one container with an exposed port.';
    refused(containers({ image }, { image }), exactlyOne);
    refused(containers({ image, ports: port }, { image, ports: port }), exactlyOne);
  });
});
