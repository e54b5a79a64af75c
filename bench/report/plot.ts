import { axisText } from './numbers.ts';
import type { CurveResult } from './results.ts';
import { fitting, logarithmicAt, type Scale } from './scale.ts';

const WIDTH = 680;
const HEIGHT = 380;
const AREA = { left: 70, top: 50, right: 510, bottom: 320 } as const;
/** Colours that colour-blind people can distinguish; each series also has its name at its end. */
const COLOURS = ['#0b62a4', '#c2410c', '#15803d', '#7e22ce', '#a16207', '#475569'] as const;
const LABEL_HEIGHT = 16;

interface Series {
  readonly name: string;
  readonly colour: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** A curve as SVG, always dark on white, so that it is readable in both themes. */
export function plot(curve: CurveResult): string {
  const x = logarithmicAt(curve.points.map((point) => point.size));
  const y = fitting(curve.points.flatMap((point) => Object.values(point.values)));
  const series = seriesOf(curve, x, y);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escaped(curve.title)}">
<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>
<text x="${AREA.left}" y="24" font-size="15" font-weight="600" fill="#111827">${escaped(curve.title)}</text>
<text x="${AREA.left}" y="42" fill="#4b5563">${escaped(curve.y)}${y.kind === 'log' ? ' (logarithmic)' : ''}</text>
${[...yTicks(y), ...xTicks(x)].join('\n')}
<text x="${(AREA.left + AREA.right) / 2}" y="${HEIGHT - 14}" text-anchor="middle" fill="#4b5563">${escaped(curve.x)} (logarithmic)</text>
${series.map(drawn).join('\n')}
${labels(series).join('\n')}
</svg>
`;
}

const across = (share: number): number => round(AREA.left + share * (AREA.right - AREA.left));
const up = (share: number): number => round(AREA.bottom - share * (AREA.bottom - AREA.top));
const round = (pixels: number): number => Math.round(pixels * 10) / 10;

function seriesOf(curve: CurveResult, x: Scale, y: Scale): readonly Series[] {
  const names = [...new Set(curve.points.flatMap((point) => Object.keys(point.values)))];
  return names.map((name, index) => ({
    name,
    colour: COLOURS[index % COLOURS.length]!,
    points: curve.points.flatMap(({ size, values }) => {
      const value = values[name];
      return value === undefined ? [] : [{ x: across(x.share(size)), y: up(y.share(value)) }];
    }),
  }));
}

const yTicks = (scale: Scale): readonly string[] =>
  scale.ticks.map((tick) => {
    const y = up(scale.share(tick));
    const line = `<line x1="${AREA.left}" y1="${y}" x2="${AREA.right}" y2="${y}" stroke="#e5e7eb"/>`;
    return `${line}<text x="${AREA.left - 8}" y="${y + 4}" text-anchor="end" fill="#374151">${axisText(tick)}</text>`;
  });

const xTicks = (scale: Scale): readonly string[] =>
  scale.ticks.map((tick) => {
    const x = across(scale.share(tick));
    const line = `<line x1="${x}" y1="${AREA.bottom}" x2="${x}" y2="${AREA.bottom + 5}" stroke="#374151"/>`;
    return `${line}<text x="${x}" y="${AREA.bottom + 19}" text-anchor="middle" fill="#374151">${axisText(tick)}</text>`;
  });

function drawn({ points, colour }: Series): string {
  const line = points.map((point) => `${point.x},${point.y}`).join(' ');
  const dots = points.map((point) => `<circle cx="${point.x}" cy="${point.y}" r="3.5" fill="${colour}"/>`).join('');
  return `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}`;
}

/** Name of each series at its end, moved down where it would cover another one. */
function labels(series: readonly Series[]): readonly string[] {
  let free = 0;
  return series
    .flatMap(({ name, colour, points }) => {
      const end = points.at(-1);
      return end === undefined ? [] : [{ name, colour, ...end }];
    })
    .sort((a, b) => a.y - b.y)
    .map(({ name, colour, x, y }) => {
      const at = Math.max(y + 4, free);
      free = at + LABEL_HEIGHT;
      return `<text x="${x + 10}" y="${at}" fill="${colour}">${escaped(name)}</text>`;
    });
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
