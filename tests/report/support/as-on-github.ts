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

/**
 * Draws pages of Markdown as GitHub does, charts included, with one start of Chromium, which takes longer than to draw
 * a page; `screenshot` is a file for a picture of the first one.
 */
export async function drawAsOnGitHub(markdown: readonly string[], screenshot?: string): Promise<Drawn[]> {
  const html = pageOf(markdown);
  const dom = await openInChromium({ html, width: COLUMN.width });
  const [, encoded] = /<output hidden="">([^<]*)<\/output>/.exec(dom) ?? [];
  if (encoded === undefined) throw new Error(`the page did not come to its end:\n${dom.slice(-2000)}`);
  const drawn = JSON.parse(decodeURIComponent(encoded)) as Drawn[];
  if (screenshot !== undefined) {
    const height = Math.ceil(drawn[0]?.height ?? 0) + 1;
    await openInChromium({ html, width: COLUMN.width, height, screenshot });
  }
  return drawn;
}

function pageOf(markdown: readonly string[]): string {
  const bodies = markdown.map((each) =>
    micromark(each, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true }),
  );
  const css = readFileSync(fileOf('github-markdown-css/github-markdown-light.css'), 'utf8');
  return `<!doctype html>
<meta charset="utf-8">
<style>${css}
body { margin: 0 }
.markdown-body { box-sizing: border-box; width: ${COLUMN.width}px; padding: ${COLUMN.padding}px }
</style>
${bodies.map((body) => `<article class="markdown-body">${body}</article>`).join('\n')}
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
  const pages: Drawn[] = [];
  let count = 0;
  for (const article of [...document.querySelectorAll('article')]) {
    const charts: Drawn['charts'] = [];
    for (const code of [...article.querySelectorAll('code.language-mermaid')]) {
      const source: string = code.textContent;
      count += 1;
      try {
        const { svg } = await mermaid.render(`chart-${count}`, source);
        code.parentElement.outerHTML = svg;
        charts.push({ source });
      } catch (error) {
        charts.push({ source, error: String(error) });
      }
    }
    const { height } = article.getBoundingClientRect();
    pages.push({ height, charts });
  }
  document.querySelector('output').textContent = encodeURIComponent(JSON.stringify(pages));
}
