import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { openInChromium } from '../../support/chromium.ts';

const fileOf = (specifier: string): string => fileURLToPath(import.meta.resolve(specifier));

/** The column of a file's page on GitHub, with its padding. */
const COLUMN = { width: 1012, padding: 32 };

/** What a page became: its height with all folds closed, and each chart, with the parser's word when it was refused. */
export type Drawn = { height: number; charts: { source: string; error?: string }[] };

/** Draws Markdown as GitHub does, charts included, in Chromium; `screenshot` is a file for a picture of it. */
export async function drawAsOnGitHub(markdown: string, screenshot?: string): Promise<Drawn> {
  const html = pageOf(markdown);
  const dom = await openInChromium({ html, width: COLUMN.width });
  const [, encoded] = /<output hidden="">([^<]*)<\/output>/.exec(dom) ?? [];
  if (encoded === undefined) throw new Error(`the page did not come to its end:\n${dom.slice(-2000)}`);
  const drawn = JSON.parse(decodeURIComponent(encoded)) as Drawn;
  if (screenshot !== undefined) {
    const height = Math.ceil(drawn.height) + 1;
    await openInChromium({ html, width: COLUMN.width, height, screenshot });
  }
  return drawn;
}

function pageOf(markdown: string): string {
  const body = micromark(markdown, {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
    allowDangerousHtml: true,
  });
  const css = readFileSync(fileOf('github-markdown-css/github-markdown-light.css'), 'utf8');
  return `<!doctype html>
<meta charset="utf-8">
<style>${css}
body { margin: 0 }
.markdown-body { box-sizing: border-box; width: ${COLUMN.width}px; padding: ${COLUMN.padding}px }
</style>
<article class="markdown-body">${body}</article>
<output hidden></output>
<script src="${pathToFileURL(fileOf('@mermaid-js/tiny'))}"></script>
<script>(${drawCharts})()</script>
`;
}

/** Runs in the page. */
async function drawCharts(): Promise<void> {
  // biome-ignore lint/suspicious/noExplicitAny: the page's own world, which is not typed here
  const { mermaid, document } = globalThis as any;
  mermaid.initialize({ startOnLoad: false });
  const charts: Drawn['charts'] = [];
  for (const code of [...document.querySelectorAll('code.language-mermaid')]) {
    const source: string = code.textContent;
    try {
      const { svg } = await mermaid.render(`chart-${charts.length}`, source);
      code.parentElement.outerHTML = svg;
      charts.push({ source });
    } catch (error) {
      charts.push({ source, error: String(error) });
    }
  }
  const { height } = document.querySelector('article').getBoundingClientRect();
  document.querySelector('output').textContent = encodeURIComponent(JSON.stringify({ height, charts }));
}
