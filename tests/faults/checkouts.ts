import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEvidence } from '@deploy/report';
import { IMAGES, LOCATION } from '../support/cloud.ts';
import { gitIn } from '../support/git.ts';

const SERVICE_DIR = 'apps/openagents.com/service';
const WEB_SHELL_DIR = 'apps/openagents.com/web-shell';

export type Checkout = { root: string; [Symbol.asyncDispose](): Promise<void> };

/**
 * The least that scripts take for a checkout, where no gate looks at it: the folder of the service, and a web shell that
 * is built at once. Hundreds of runs get one each.
 */
export async function bareCheckout(): Promise<Checkout> {
  const checkout = await temporary();
  const webShell = join(checkout.root, WEB_SHELL_DIR);
  await Promise.all([
    mkdir(join(checkout.root, SERVICE_DIR), { recursive: true }),
    mkdir(webShell, { recursive: true }),
  ]);
  await writeFile(join(webShell, 'build-dist.sh'), '#!/bin/sh\n', { mode: 0o755 });
  return checkout;
}

/** A bare checkout with a commit, for what git says of it in a report. Its few files are copied soon. */
export async function committedCheckout(): Promise<Checkout> {
  const checkout = await bareCheckout();
  await gitIn(checkout.root, 'init', '-q', '-b', 'main', '--template=');
  await gitIn(checkout.root, 'add', '-A');
  await gitIn(checkout.root, 'commit', '-q', '-m', 'Checkout');
  return checkout;
}

/** Copies a checkout to a temporary folder, with its git if it has one. */
export async function copyOf(checkout: string): Promise<Checkout> {
  const copy = await temporary();
  await cp(checkout, copy.root, { recursive: true });
  return copy;
}

/** The report of a deployment that went before. */
export async function openReport(root: string, image = `${IMAGES}:two`): Promise<void> {
  const checkout = { root, serviceDir: SERVICE_DIR, webShellDir: WEB_SHELL_DIR };
  const evidence = await openEvidence({
    checkout,
    location: LOCATION,
    image,
    evidenceReport: undefined,
    note: () => {},
  });
  await evidence.step('deploy', async () => {});
}

async function temporary(): Promise<Checkout> {
  const root = await mkdtemp(join(tmpdir(), 'openagents-'));
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}
