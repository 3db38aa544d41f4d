import { mkdir, writeFile } from 'node:fs/promises';
import { type Checkout, SERVICE, WEB } from './caching-checkout.ts';

const PART = 400;

/** Adds so many files to a checkout, half of them among the gates' inputs, and commits them. */
export async function addManyFiles(checkout: Checkout, howMany: number): Promise<void> {
  const folders = [`${SERVICE}/data`, 'docs/archive', `${WEB}/host/pages`, 'apps/other/src'];
  for (let start = 0; start < howMany; start += PART) {
    for (const folder of folders) await mkdir(checkout.at(`${folder}/${start / PART}`), { recursive: true });
    const part = Array.from({ length: Math.min(PART, howMany - start) }, (_, i) => start + i);
    await Promise.all(
      part.map((i) => {
        const folder = folders[i % folders.length];
        return writeFile(checkout.at(`${folder}/${start / PART}/file-${i}.txt`), `file ${i}\n`);
      }),
    );
  }
  await checkout.git('add', '-A');
  await checkout.git('commit', '-qm', 'Many files');
}
