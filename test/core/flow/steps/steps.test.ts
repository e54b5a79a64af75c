import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { BY_STRENGTH, RULE_OUTCOMES, WAITING_OUTCOMES } from '../../../../daemon/core/flow/outcomes.ts';
import { STEPS } from '../../../../daemon/core/flow/steps/index.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');

test('every file of a step is in the list of steps', () => {
  const files = readdirSync(path.join(root, 'daemon/core/flow/steps')).filter((file) => file !== 'index.ts');
  const listed = [...textOf('daemon/core/flow/steps/index.ts').matchAll(/from '\.\/(\S+)'/g)].map((found) => found[1]);
  expect(new Set(listed)).toEqual(new Set(files));
  expect(STEPS).toHaveLength(files.length);
});

test('no two steps have the same name or the same setting', () => {
  const names = STEPS.map(({ name }) => name);
  const settings = STEPS.flatMap(({ fields }) => Object.keys(fields));
  expect([new Set(names).size, new Set(settings).size]).toEqual([names.length, settings.length]);
});

test('the outcomes are those of the steps in their order, and each has a strength', () => {
  const known = [
    'no_match',
    'error',
    'disabled',
    'waiting',
    'counting',
    'inhibited',
    'silenced',
    'outside_hours',
    'held',
    'deduplicated',
    'throttled',
    'collected',
    'resolved',
    'notified',
  ];
  expect(RULE_OUTCOMES.filter((outcome) => known.includes(outcome))).toEqual(known);
  expect(BY_STRENGTH.toSorted()).toEqual(RULE_OUTCOMES.toSorted());
  expect(WAITING_OUTCOMES).toEqual(expect.arrayContaining(['waiting', 'counting', 'held', 'collected']));
});

test('the documentation names every outcome', () => {
  const documented = [...textOf('docs/rules.md').matchAll(/^\| `(\w+)` \| /gm)].map((found) => found[1]);
  expect(documented).toEqual(expect.arrayContaining([...RULE_OUTCOMES]));
});
