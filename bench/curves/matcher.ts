import type { Curve } from '../line.ts';
import { costOf, indexed, rulesOfShapes, selecting } from '../tools/matching.ts';

const BATCHES = 60;

/** Rules of ten shapes; every event matches one of them. */
export const matcher: Curve = {
  name: 'matcher',
  title: 'Time to find the rules that an event fits, by the number of rules',
  x: 'rules',
  y: 'ns',
  sizes: [10, 100, 1000, 10_000, 100_000],
  async measure(size) {
    const select = selecting(indexed(rulesOfShapes(size)));
    costOf(select, size, BATCHES / 3);
    return { 'an event': costOf(select, size, BATCHES) };
  },
};
