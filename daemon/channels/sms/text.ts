import type { Message } from '../../core/message/message.ts';
import { Type } from '../../core/schema/type.ts';
import { fitText, layoutOf, PLAIN } from '../kit/text/layout.ts';
import { UTF16 } from '../kit/text/text.ts';

/** Text messages: their encoding, and their segments, which are what costs. */

/** Alphabet of a text message, one septet each. https://www.3gpp.org/ftp/Specs/archive/23_series/23.038/ */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà',
);
/** Characters that take two septets. */
const EXTENDED = new Set('\f^{}\\[~]|€');

/** Septets of a character; undefined if the alphabet does not have it. */
const septetsOf = (character: string): number | undefined =>
  BASIC.has(character) ? 1 : EXTENDED.has(character) ? 2 : undefined;

/** Units of a message alone, and of each segment of a longer one. */
const GSM = { alone: 160, each: 153 } as const;
const UCS2 = { alone: 70, each: 67 } as const;

/** Number of segments in which a text is sent. One character beyond the alphabet makes every segment shorter. */
export function segmentsOf(text: string): number {
  const characters = Array.from(text);
  const septets = characters.map(septetsOf);
  const isGsm = !septets.includes(undefined);
  const costs = isGsm ? (septets as number[]) : characters.map(({ length }) => length);
  const { alone, each } = isGsm ? GSM : UCS2;
  if (costs.reduce((sum, cost) => sum + cost, 0) <= alone) return 1;
  let segments = 1;
  let filled = 0;
  // A character is not divided between two segments.
  for (const cost of costs) {
    if (filled + cost > each) {
      segments += 1;
      filled = 0;
    }
    filled += cost;
  }
  return segments;
}

const PUNCTUATION: Readonly<Record<string, string>> = {
  '…': '...',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '—': '-',
  '•': '-',
  '\u00A0': ' ',
  '\t': ' ',
};

/** Replaces punctuation beyond the alphabet, if the whole text then fits it: more than twice as much fits into a segment. */
function inAlphabet(text: string): string {
  const replaced = text.replace(/[…‘’“”–—•\u00A0\t]/g, (mark) => PUNCTUATION[mark]!);
  return Array.from(replaced).every((character) => septetsOf(character) !== undefined) ? replaced : text;
}

export const segmentsSetting = () =>
  Type.Optional(
    Type.Integer({
      description:
        'Most segments of a text message; a longer text is cut. Each is paid: 153 characters, or 67 if one is beyond the GSM alphabet. If not set, 1,600 characters are sent.',
      examples: [2],
      minimum: 1,
      maximum: 10,
    }),
  );

export interface SmsLimits {
  /** UTF-16 units. */
  readonly characters: number;
  readonly segments?: number | undefined;
}

const MIN_ROOM = 20;

/** Text of a message, cut visibly to the limits. */
export function smsText(message: Message, { characters, segments = Number.POSITIVE_INFINITY }: SmsLimits): string {
  const layout = layoutOf(message, PLAIN, { unit: UTF16 });
  for (let room = characters; ; ) {
    const text = inAlphabet(fitText(layout, room));
    const excess = Math.max(text.length / characters, segmentsOf(text) / segments);
    if (excess <= 1 || room <= MIN_ROOM) return text;
    room = Math.max(MIN_ROOM, Math.min(room - 1, Math.floor(Math.min(room, text.length) / excess)));
  }
}
