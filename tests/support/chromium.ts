import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runCommand } from '@deploy/cli';

/** Debian's names and those of others, the one without a window system first. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'chrome'];

let found: Promise<string | undefined> | undefined;

/** The first Chromium on the PATH that starts; undefined when there is none. */
export function findChromium(): Promise<string | undefined> {
  found ??= firstThatStarts();
  return found;
}

async function firstThatStarts(): Promise<string | undefined> {
  for (const name of NAMES) if ((await runCommand([name, '--version'])).exitCode === 0) return name;
  return undefined;
}

export type Page = {
  html: string;
  /** In CSS pixels. */
  width: number;
  height?: number;
  /** A file for a picture of the page. */
  screenshot?: string;
};

/** Opens a page in headless Chromium, lets its scripts run, and gives the document as it is then. */
export async function openInChromium({ html, width, height = 1080, screenshot }: Page): Promise<string> {
  const program = await findChromium();
  if (program === undefined) throw new Error('there is no Chromium here');
  await using folder = await mkdtempDisposable(join(tmpdir(), 'chromium-'));
  const file = join(folder.path, 'page.html');
  await writeFile(file, html);
  const arguments_ = [
    // It refuses to start as root with a sandbox, and the page is our own.
    ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--disable-dev-shm-usage'],
    ...['--no-first-run', '--disable-background-networking', '--allow-file-access-from-files'],
    `--user-data-dir=${join(folder.path, 'profile')}`,
    `--window-size=${width},${height}`,
    // The page's clock, which stands still while it works: a busy machine changes nothing.
    '--virtual-time-budget=10000',
    screenshot === undefined ? '--dump-dom' : `--screenshot=${screenshot}`,
    pathToFileURL(file).href,
  ];
  const ended = await runCommand([program, ...arguments_]);
  if (ended.exitCode !== 0) throw new Error(`${program} ended with ${ended.exitCode}: ${ended.stderr}`);
  return ended.stdout;
}
