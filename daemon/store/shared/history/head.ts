import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Event } from '../../../core/event/event.ts';

/** Characters of a stored JSON document that are read for its first fields. */
export const HEAD_CHARS = 400;

const TEXT = String.raw`"((?:[^"\\]|\\.)*)"`;
const field = (name: string, value: string): string => `"${name}":${value}`;
const EVENT = new RegExp(`^\\{${['id', 'source', 'type'].map((name) => field(name, TEXT)).join(',')}[,}]`);
const DELIVERY = new RegExp(
  `^\\{${field('id', TEXT)},${field('rule', TEXT)},${field('channel', TEXT)},${field('channelType', TEXT)},${field('key', TEXT)},${field('status', TEXT)},${field('createdAt', String.raw`(\d+)`)}[,}]`,
);

export type EventHead = Pick<Event, 'id' | 'source' | 'type'>;
export type DeliveryHead = Pick<Delivery, 'rule' | 'channel' | 'key' | 'createdAt'>;

/** First fields of a stored event, from the first characters of its JSON; undefined when they are not there. */
export function eventHead(start: string): EventHead | undefined {
  const found = EVENT.exec(start);
  return found === null
    ? undefined
    : { id: unescaped(found[1]!), source: unescaped(found[2]!), type: unescaped(found[3]!) };
}

/** First fields of a stored delivery, from the first characters of its JSON; undefined when they are not there. */
export function deliveryHead(start: string): DeliveryHead | undefined {
  const found = DELIVERY.exec(start);
  if (found === null) return undefined;
  const [, , rule, channel, , key, , createdAt] = found as unknown as string[];
  return { rule: unescaped(rule!), channel: unescaped(channel!), key: unescaped(key!), createdAt: Number(createdAt) };
}

/** Text of a JSON string without its quotes. */
function unescaped(text: string): string {
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}
