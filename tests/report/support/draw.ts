// Draws reports, or any page of Markdown, as GitHub shows them: node --import tsx tests/report/support/draw.ts
// report.md picture.png
import { readFile } from 'node:fs/promises';
import { drawAsOnGitHub } from './as-on-github.ts';

const [page = '', picture] = process.argv.slice(2);
const [drawn] = await drawAsOnGitHub([await readFile(page, 'utf8')], picture);
const { height = 0, charts = [] } = drawn ?? {};
process.stdout.write(`${height} pixels high\n${charts.map(({ error }) => error ?? 'drawn').join('\n')}\n`);
