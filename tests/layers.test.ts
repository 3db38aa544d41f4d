import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { projectRoot } from '@deploy/cli';
import { packageNames as packages } from './support/package-names.ts';

// Imports run downwards only: scripts -> matrix, canary, preflight, rehearsal -> report -> (types of cloudrun, gates,
// smoke) -> cli. The emulator is a product of its own: only the rehearsal and the tests use it.
const mayUse: Record<string, readonly string[]> = {
  tsx: [],
  cli: [],
  cloudrun: ['cli'],
  gates: ['cli'],
  smoke: ['cli'],
  report: ['cli', 'cloudrun', 'gates', 'smoke'],
  matrix: ['cli', 'cloudrun', 'report', 'smoke'],
  canary: ['cli', 'cloudrun', 'report'],
  preflight: ['cli', 'cloudrun', 'gates', 'report'],
  emulator: [],
  rehearsal: ['cli', 'emulator', 'report'],
};

function sources(folder: string): string[] {
  return (
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      // Emacs has a link to nowhere beside a file that is being edited: `.#file.ts`.
      .filter(
        (file) => file.endsWith('.ts') && !file.includes('node_modules') && !basename(file).startsWith('.'),
      )
      .map((file) => join(folder, file))
  );
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

function manifestOf(name: string): { exports: Record<string, string>; description?: string } {
  return JSON.parse(readFileSync(join(projectRoot, 'packages', name, 'package.json'), 'utf8'));
}

/** The ways into a package: `.` is its own index.ts, `./room` that of one of its rooms. */
function doorsOf(name: string): string[] {
  return Object.keys(manifestOf(name).exports);
}

test('every package has its place in the layers', () => {
  for (const name of packages) assert.ok(mayUse[name], `packages/${name} has no layer: add it to this test`);
});

describe('imports run downwards only', () => {
  for (const name of packages) {
    test(`packages/${name} imports only what is below it, and through a door`, () => {
      for (const file of sources(join(projectRoot, 'packages', name))) {
        for (const imported of importsOf(file)) {
          const other = /^@deploy\/([^/]+)(\/.*)?$/.exec(imported);
          if (other) {
            assert.ok(mayUse[name]?.includes(other[1] ?? ''), `${file} imports ${imported}`);
            assert.ok(
              doorsOf(other[1] ?? '').includes(`.${other[2] ?? ''}`),
              `${file} goes past the doors: ${imported}`,
            );
          }
          if (imported.startsWith('.')) {
            const target = join(file, '..', imported);
            assert.ok(
              target.startsWith(join(projectRoot, 'packages', name)),
              `${file} reaches out to ${imported}`,
            );
          }
        }
      }
    });

    test(`packages/${name} leaves reading the environment to the scripts`, () => {
      for (const file of sources(join(projectRoot, 'packages', name, 'src'))) {
        // The first hands it to the script; the others go by what a command, and git, would inherit.
        if (/\/cli\/src\/(?:script|command|git-environment)\.ts$/.test(file)) continue;
        assert.ok(!readFileSync(file, 'utf8').includes('process.env'), `${file} reads process.env`);
      }
    });
  }
});

// The report says what happened, and does nothing itself: of the packages that act it knows the outcomes' types.
const typesOnly: Record<string, readonly string[]> = { report: ['cloudrun', 'gates', 'smoke'] };

describe('a package that only knows the types of another', () => {
  for (const [name, others] of Object.entries(typesOnly)) {
    test(`packages/${name} takes nothing but types from ${others.join(', ')}`, () => {
      for (const file of sources(join(projectRoot, 'packages', name))) {
        // `import { type A }` still loads the module it names.
        const loads = readFileSync(file, 'utf8').replace(/^(?:import|export) type [^;]*;/gm, '');
        for (const other of others) {
          assert.doesNotMatch(loads, new RegExp(`'@deploy/${other}(?:/[^']*)?'`), `${file} loads ${other}`);
        }
      }
    });
  }
});

/** A package's files that import one another in a circle, the first one found; type-only imports count as well. */
function findCycle(name: string): string[] | undefined {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const imported of importsOf(file).filter((each) => each.startsWith('.'))) {
      const cycle = visit(join(file, '..', imported), [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of sources(join(projectRoot, 'packages', name))) {
    const cycle = visit(file, []);
    if (cycle) return cycle.map((each) => relative(projectRoot, each));
  }
  return undefined;
}

describe('no files import one another in a circle', () => {
  for (const name of packages) test(`packages/${name}`, () => assert.equal(findCycle(name), undefined));
});

test('the judgement of a canary is pure: it knows neither the cloud nor what becomes of its verdict', () => {
  const inside = ['verdict', 'statistics'].map((room) => join(projectRoot, 'packages/canary/src', room));
  for (const file of inside.flatMap(sources)) {
    for (const imported of importsOf(file)) {
      const target = join(file, '..', imported);
      assert.ok(
        imported.startsWith('.') && inside.some((room) => target.startsWith(`${room}/`)),
        `${file} imports ${imported}`,
      );
    }
  }
});

// A script reads its settings, calls packages and prints: what its main function holds beyond that belongs to a
// package.
const LONGEST_BODY = 60;

describe('the body of a script is short', () => {
  const scripts = readdirSync(join(projectRoot, 'scripts')).filter((file) => file.endsWith('.ts'));
  for (const script of scripts) {
    test(script, () => {
      const text = readFileSync(join(projectRoot, 'scripts', script), 'utf8');
      const body = text.slice(text.indexOf('\nawait runScript(') + 1).trimEnd();
      const lines = body.split('\n').length;
      assert.ok(lines < LONGEST_BODY, `the body of scripts/${script} has ${lines} lines`);
    });
  }
});

test('tests enter packages through their doors as well', () => {
  // Its errors are made of what Google answers, which no door takes as a text.
  const allowed = ['faults/parsers.faults.ts: packages/cloudrun/src/google/cloud-error.ts'];
  const folder = join(projectRoot, 'tests');
  const past = sources(folder).flatMap((file) =>
    importsOf(file).flatMap((imported) => {
      const target = relative(projectRoot, join(file, '..', imported));
      const isInside = imported.startsWith('.') && target.startsWith('packages/');
      return isInside ? [`${relative(folder, file)}: ${target}`] : [];
    }),
  );
  assert.deepEqual(past, allowed);
});

test('nothing but the rehearsal uses the emulator', () => {
  for (const file of sources(join(projectRoot, 'scripts'))) {
    if (importsOf(file).includes('@deploy/emulator')) assert.match(file, /rehears/);
  }
});

test('node:http is imported for its types only: importing a value loads undici, which takes 0.1 s of every start', () => {
  const values = /^import (?!type\b)[^;]*? from 'node:http'/m;
  for (const name of packages) {
    for (const file of sources(join(projectRoot, 'packages', name, 'src')))
      assert.doesNotMatch(readFileSync(file, 'utf8'), values, file);
  }
});

test('every package has a description, and a part that has a door of its own has an index.ts', () => {
  for (const name of packages) {
    const { exports, description } = manifestOf(name);
    assert.ok(description);
    // Inside it, its own name means the registry's package.
    if (name === 'tsx') continue;
    assert.ok(exports['.'], `packages/${name} has no front door`);
    for (const [door, file] of Object.entries(exports)) {
      assert.equal(file, door === '.' ? './src/index.ts' : `./src/${door.slice(2)}/index.ts`);
      assert.ok(existsSync(join(projectRoot, 'packages', name, file)), file);
    }
  }
});
