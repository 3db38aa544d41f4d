/** A line of a chart: a value at each place of the x axis, with gaps. */
export type Series = {
  readonly name: string;
  readonly colour: string;
  readonly values: readonly (number | undefined)[];
};

export type Chart = {
  readonly title: string;
  /** The places on the x axis, equally far apart. */
  readonly places: readonly string[];
  readonly xAxis: string;
  readonly yAxis: string;
  /** From 0; where the marks of the y axis are, the last one at its top. */
  readonly marks: readonly number[];
  readonly series: readonly Series[];
};

const [WIDTH, HEIGHT] = [720, 400];
const PLOT = { left: 64, right: 20, top: 44, bottom: 56 };
const LEGEND_LINE = 18;

/** A line chart as SVG, on a light ground, so that it reads on any page. */
export function chartSvg({ title, places, xAxis, yAxis, marks, series }: Chart): string {
  const legend = PLOT.bottom + series.length * LEGEND_LINE;
  const height = HEIGHT + series.length * LEGEND_LINE;
  const bottom = height - legend;
  const top = marks.at(-1) ?? 1;
  const x = (i: number): number => PLOT.left + ((i + 0.5) * (WIDTH - PLOT.left - PLOT.right)) / places.length;
  const y = (value: number): number => bottom - (value / top) * (bottom - PLOT.top);
  const centre = (PLOT.top + bottom) / 2;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13" role="img" aria-label="${title}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${PLOT.left}" y="24" font-size="16" fill="#111111">${title}</text>`,
    ...marks.flatMap((mark) => [
      `<line x1="${PLOT.left}" x2="${WIDTH - PLOT.right}" y1="${round(y(mark))}" y2="${round(y(mark))}" stroke="#dddddd"/>`,
      `<text x="${PLOT.left - 8}" y="${round(y(mark) + 4)}" text-anchor="end" fill="#444444">${mark}</text>`,
    ]),
    ...places.map(
      (place, i) =>
        `<text x="${round(x(i))}" y="${bottom + 20}" text-anchor="middle" fill="#444444">${place}</text>`,
    ),
    `<text x="${WIDTH / 2}" y="${bottom + 40}" text-anchor="middle" fill="#444444">${xAxis}</text>`,
    `<text x="18" y="${centre}" text-anchor="middle" transform="rotate(-90 18 ${centre})" fill="#444444">${yAxis}</text>`,
    ...series.flatMap((each, i) => [...line(each), ...legendOf(each, bottom + 60 + i * LEGEND_LINE)]),
    '</svg>',
  ].join('\n')}\n`;

  function line({ colour, values }: Series): string[] {
    const points = values.flatMap((value, i) =>
      value === undefined ? [] : [{ x: round(x(i)), y: round(y(Math.min(value, top))) }],
    );
    const path = points.map((point) => `${point.x},${point.y}`).join(' ');
    return [
      `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
      ...points.map((point) => `<circle cx="${point.x}" cy="${point.y}" r="3.5" fill="${colour}"/>`),
    ];
  }
}

function legendOf({ name, colour }: Series, at: number): string[] {
  return [
    `<line x1="${PLOT.left}" x2="${PLOT.left + 24}" y1="${at - 4}" y2="${at - 4}" stroke="${colour}" stroke-width="3"/>`,
    `<text x="${PLOT.left + 32}" y="${at}" fill="#111111">${name}</text>`,
  ];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
