import { expect, test } from 'vitest';
import { segmentsOf, smsText } from '../../../daemon/channels/sms/text.ts';
import { sampleMessage } from '../../support/delivery.ts';

test.each([
  ['a'.repeat(160), 1],
  ['a'.repeat(161), 2],
  ['a'.repeat(306), 2],
  ['a'.repeat(307), 3],
  // Characters of the extension count twice, and are not divided between two segments.
  ['€'.repeat(80), 1],
  ['€'.repeat(81), 2],
  [`${'a'.repeat(152)}€${'a'.repeat(151)}`, 2],
  [`${'a'.repeat(152)}€${'a'.repeat(152)}`, 3],
  // One character beyond the alphabet: 70 units alone, 67 in each segment.
  ['磁'.repeat(70), 1],
  ['磁'.repeat(71), 2],
  ['磁'.repeat(134), 2],
  [`${'a'.repeat(160)}磁`, 3],
  // A pair of surrogates is not divided.
  [`${'磁'.repeat(66)}🔥${'磁'.repeat(66)}`, 3],
])('the segments of a text (case %#)', (text, segments) => {
  expect(segmentsOf(text)).toBe(segments);
});

test('a text is cut to its segments, whatever its alphabet', () => {
  for (const body of ['disk full on web-1 '.repeat(200), '磁盘已满🔥'.repeat(200), '€uro ^^ '.repeat(200)]) {
    for (const segments of [1, 2, 3]) {
      const text = smsText(sampleMessage({ title: 'Disk', body }), { characters: 1600, segments });
      expect(segmentsOf(text)).toBeLessThanOrEqual(segments);
      // Little of the paid room is left empty.
      expect(text.length).toBeGreaterThan((body.startsWith('磁') ? 50 : 90) * segments);
      expect(text).toMatch(/(?:…|\.\.\.)( \(\+\d+ characters\))?$/);
    }
  }
});

test('the mark of a cut does not turn a text into one of short segments', () => {
  const text = smsText(sampleMessage({ title: 'Disk', body: 'full '.repeat(400) }), { characters: 1600 });
  expect(text).toMatch(/\.\.\. \(\+\d+ characters\)$/);
  expect(text.length).toBeLessThanOrEqual(1600);
  expect(segmentsOf(text)).toBe(11);
});

test('typographic punctuation is replaced only where the rest of the text fits the alphabet', () => {
  const textOf = (body: string): string => smsText(sampleMessage({ title: '', body }), { characters: 1600 });
  expect(textOf('“disk” – it’s full…')).toBe('"disk" - it\'s full...');
  expect(textOf('“磁盘” – full…')).toBe('“磁盘” – full…');
});
