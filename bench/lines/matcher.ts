import type { Figure, Line, Size } from '../line.ts';
import { costsOf, indexed, lookingUp, rulesOfShapes, selecting } from '../tools/matching.ts';

const COUNTS = { full: { rules: 10_000, batches: 100 }, short: { rules: 1000, batches: 10 } } as const;
const FEW = 10;

/** Nanoseconds for an event, after a warm-up for the compiler. */
function measured(rules: number, batches: number): { few: number; many: number; least: number } {
  const selections = [
    { select: selecting(indexed(rulesOfShapes(FEW))), count: FEW, checked: true },
    { select: selecting(indexed(rulesOfShapes(rules))), count: rules, checked: true },
    { select: lookingUp(rules), count: rules, checked: false },
  ];
  costsOf(selections, batches / 5);
  const [few, many, least] = costsOf(selections, batches) as [number, number, number];
  return { few, many, least };
}

async function round(size: Size): Promise<readonly Figure[]> {
  const { rules, batches } = COUNTS[size];
  const { few, many, least } = measured(rules, batches);
  return [
    { row: 'matcher-10000', value: 1e9 / many, floor: 1e9 / least },
    { row: 'matcher-flat', value: many, floor: few },
  ];
}

/** Rules of ten shapes; every event matches one of them. */
export const matcher: Line = {
  name: 'matcher',
  rows: [
    {
      name: 'matcher-10000',
      title: 'events matched/s, one core, 10,000 rules of ten shapes',
      unit: '1/s',
      floor: 'one lookup in a Map of types',
      goal: { of: 'value', is: 'at least', limit: 200_000 },
    },
    {
      name: 'matcher-flat',
      title: 'time to match an event with 10,000 rules',
      unit: 'ns',
      floor: 'its own with 10 rules',
      goal: { of: 'ratio', is: 'at most', limit: 1.2 },
    },
  ],
  rounds: 3,
  round,
};
