import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Checkout, SERVICE, WEB } from './caching-checkout.ts';

/** Adds so many files to a checkout, half of them among the gates' inputs, and commits them. */
export async function addManyFiles(checkout: Checkout, howMany: number): Promise<void> {
  const folders = [`${SERVICE}/data`, 'docs/archive', `${WEB}/host/pages`, 'apps/other/src'];
  for (let i = 0; i < howMany; i++) {
    const path = checkout.at(`${folders[i % folders.length]}/${Math.floor(i / 400)}/file-${i}.txt`);
    if (i % 400 < folders.length) await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `file ${i}\n`);
  }
  await checkout.git('add', '-A');
  await checkout.git('commit', '-qm', 'Many files');
}
