import fc from 'fast-check';
import { expect, test } from 'vitest';
import { indexOfText, lastIndexOfText, splitText } from '../../../daemon/core/match/text-search.ts';

/** Text of few letters, so that parts occur and overlap. */
const letters = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 12 });
/** Makes the product of two lengths larger than the bound below which the engine's own search is used. */
const MANY = 'c'.repeat(4000);

test('a search in long texts finds what the engine finds', () => {
  fc.assert(
    fc.property(letters, letters, fc.nat(9000), (whole, part, from) => {
      const text = `${MANY}${whole}${MANY}${whole}${MANY}`;
      const sought = `${part}${MANY}`;
      expect(indexOfText(text, sought, from)).toBe(text.indexOf(sought, from));
      expect(lastIndexOfText(text, sought, from)).toBe(text.lastIndexOf(sought, from));
      expect(lastIndexOfText(text, sought)).toBe(text.lastIndexOf(sought));
      expect(splitText(text, sought)).toEqual(text.split(sought));
    }),
    { numRuns: 200 },
  );
});

test('occurrences that overlap are split as the engine splits them', () => {
  const text = 'a'.repeat(9001);
  const part = 'a'.repeat(2000);
  expect(splitText(text, part)).toEqual(text.split(part));
  expect(lastIndexOfText(text, part)).toBe(text.lastIndexOf(part));
});

test('a part that almost occurs everywhere is searched in the time of a plain one', () => {
  const text = 'a'.repeat(400_000);
  const part = `${'a'.repeat(100_000)}b${'a'.repeat(100_000)}`;
  // The engine needs fifteen seconds for each.
  expect([indexOfText(text, part), lastIndexOfText(text, part), splitText(text, part).length]).toEqual([-1, -1, 1]);
}, 10_000);
