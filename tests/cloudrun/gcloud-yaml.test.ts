import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gcloudYaml, type YamlValue } from '@deploy/cloudrun/gcloud';

const words = (count: number): string => Array.from({ length: count }, () => 'word').join(' ');

// What gcloud 528 prints, by the library that it prints with (ruamel.yaml in lib/third_party).
const PRINTED: readonly [string, string][] = [
  ['plain', 'plain'],
  ['', "''"],
  // Read as another type, it would be another value.
  ['2026-02-19', "'2026-02-19'"],
  ['2026-02-19T10:00:00Z', "'2026-02-19T10:00:00Z'"],
  ['2001-1-1', '2001-1-1'],
  ['1_000', "'1_000'"],
  ['900', "'900'"],
  ['1.5', "'1.5'"],
  ['1e3', "'1e3'"],
  ['.5', "'.5'"],
  ['0x1f', "'0x1f'"],
  ['0o17', "'0o17'"],
  ['.inf', "'.inf'"],
  ['true', "'true'"],
  ['null', "'null'"],
  ['~', "'~'"],
  ['=', "'='"],
  ['<<', "'<<'"],
  // gcloud writes YAML 1.2, in which these are strings.
  ['on', 'on'],
  ['yes', 'yes'],
  ['1:20', '1:20'],
  ['_1', '_1'],
  ['v1.2.3', 'v1.2.3'],
  // What means something to YAML.
  ['- a', "'- a'"],
  ['-a', '-a'],
  ['a: b', "'a: b'"],
  ['a:', "'a:'"],
  ['a:b', 'a:b'],
  ['a #b', "'a #b'"],
  ['a#b', 'a#b'],
  ['{"a": 1}', `'{"a": 1}'`],
  ['*a', "'*a'"],
  ["it's", "it's"],
  ["'a'", `"'a'"`],
  ['---', "'---'"],
  [' a', "' a'"],
  ['a ', "'a '"],
  ['a\\b', 'a\\b'],
  ['a\tb', '"a\\tb"'],
  ['\ufeffa', '"\\uFEFFa"'],
  ['é 😀', 'é 😀'],
  ['/healthz,/readyz', '/healthz,/readyz'],
  // Longer than a line.
  ['x'.repeat(100), 'x'.repeat(100)],
  [words(30), `${words(15)}\n    ${words(15)}`],
  [`a: ${words(30)}`, `'a: ${words(14)}\n    ${words(16)}'`],
  [`'a: ${words(20)}`, `"'a: ${words(14)}\\\n    \\ ${words(6)}"`],
  // Of several lines.
  ['one\ntwo', '|-\n    one\n    two'],
  ['one\ntwo\n', '|\n    one\n    two'],
  ['one\n\n  two\n\n', '|+\n    one\n\n      two\n'],
  [' one\ntwo', '|2-\n     one\n    two'],
];

describe('YAML as gcloud prints it', () => {
  for (const [value, printed] of PRINTED) {
    test(JSON.stringify(value.slice(0, 40)), () => {
      const env = [{ name: 'A', value }, { name: 'B' }];
      assert.equal(gcloudYaml({ env }), `env:\n- name: A\n  value: ${printed}\n- name: B`);
    });
  }

  test('keys in alphabetical order, sequences not indented, nothing that is not set', () => {
    const view: { [key: string]: YamlValue | undefined } = {
      status: { url: undefined, traffic: [{ revisionName: 'r-1', percent: 95, latestRevision: true }] },
      spec: { containers: [{}], list: [], map: {} },
    };
    assert.equal(
      gcloudYaml(view),
      [
        'spec:',
        '  containers:',
        '  - {}',
        '  list: []',
        '  map: {}',
        'status:',
        '  traffic:',
        '  - latestRevision: true',
        '    percent: 95',
        '    revisionName: r-1',
      ].join('\n'),
    );
  });
});
