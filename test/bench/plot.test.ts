import { expect, test } from 'vitest';
import { plot } from '../../bench/report/plot.ts';
import { fitting, linear, logarithmic, logarithmicAt } from '../../bench/report/scale.ts';

const curve = {
  name: 'rules',
  title: 'Cost <of> rules',
  x: 'rules',
  y: 'delivered/s',
  points: [
    { size: 1, values: { belfry: 100, floor: 120 } },
    { size: 100, values: { belfry: 90 } },
    { size: 10_000, values: { belfry: 80, floor: 81 } },
  ],
};

test('a linear axis begins at zero and ends at a round number', () => {
  expect(linear([3, 97]).ticks).toEqual([0, 20, 40, 60, 80, 100]);
  expect(linear([10_070]).ticks.at(-1)).toBe(12_000);
});

test('a logarithmic axis goes from power of ten to power of ten', () => {
  const scale = logarithmic([3, 900]);
  expect(scale.ticks).toEqual([1, 10, 100, 1000]);
  expect(scale.share(10)).toBeCloseTo(1 / 3);
});

test('the measured sizes are the labels of their axis', () => {
  const scale = logarithmicAt([1, 4, 16]);
  expect(scale.ticks).toEqual([1, 4, 16]);
  expect([1, 4, 16].map((size) => scale.share(size))).toEqual([0, 0.5, 1]);
});

test('values that differ by more than a hundred times are drawn logarithmically', () => {
  expect(fitting([1, 50]).kind).toBe('linear');
  expect(fitting([1, 500]).kind).toBe('log');
  expect(fitting([0, 500]).kind).toBe('linear');
});

test('each series is a line with its name and as many dots as were measured', () => {
  const svg = plot(curve);
  expect(svg.match(/<polyline /g)).toHaveLength(2);
  expect(svg.match(/<circle /g)).toHaveLength(5);
  expect(svg).toContain('>belfry</text>');
  expect(svg).toContain('>10k</text>');
});

test('names at the ends of lines do not cover each other', () => {
  const places = [...plot(curve).matchAll(/y="([\d.]+)" fill="#[0-9a-f]{6}">(?:belfry|floor)</g)].map((match) =>
    Number(match[1]),
  );
  expect(Math.abs(places[0]! - places[1]!)).toBeGreaterThanOrEqual(16);
});

test('text is escaped, and the background is white', () => {
  const svg = plot(curve);
  expect(svg).toContain('Cost &lt;of&gt; rules');
  expect(svg).toContain('<rect width="680" height="380" fill="#ffffff"/>');
});
