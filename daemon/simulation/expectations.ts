import { RE2JS } from 're2js';
import { isObject } from '../core/values/json.ts';
import type { Expectation } from '../core/schema/sections/rule-tests.ts';
import { minimalAssignment } from './assignment.ts';
import type { Sent } from './fake-channels.ts';

/** A difference between expected and sent messages; `entry` is the index of the expectation, if it concerns one. */
export interface Difference {
  readonly entry?: number;
  readonly text: string;
}

/** Unexpected messages that are listed; further ones are counted. */
const MAX_NAMED = 20;
const MAX_VALUE = 300;
const MAX_BODY = 80;

/** Compares sent with expected messages in any order. Each expectation is paired with the message that differs least. */
export function differences(expected: readonly Expectation[], sent: readonly Sent[]): readonly Difference[] {
  const pairs = pairsOf(expected, sent);
  const found = expected.flatMap((entry, index) => missing(entry, index, sent[pairs[index] ?? -1]));
  const paired = new Set(pairs);
  const left = sent.filter((_, index) => !paired.has(index));
  for (const one of left.slice(0, MAX_NAMED)) found.push({ text: `sent, but not expected: ${describeSent(one)}` });
  if (left.length > MAX_NAMED) found.push({ text: `and ${left.length - MAX_NAMED} more were sent, but not expected` });
  return found;
}

function missing(entry: Expectation, index: number, nearest: Sent | undefined): Difference[] {
  const text = `expected, but not sent: ${cut(JSON.stringify(entry), MAX_VALUE)}`;
  if (nearest === undefined) return [{ entry: index, text }];
  const wrong = disagreements(entry, nearest);
  if (wrong.length === 0) return [];
  return [{ entry: index, text: `${text}; the nearest was ${describeSent(nearest)}: ${wrong.join('; ')}` }];
}

/** Costs of a pair: one more exact match outweighs any number of differing fields, and a message with differing fields is better than none. */
const MISMATCH = 1_000_000_000;
const NO_MESSAGE = MISMATCH + 1_000_000;

/** The message paired with each expectation: as many exact matches as possible, then the fewest differing fields. */
function pairsOf(expected: readonly Expectation[], sent: readonly Sent[]): readonly (number | undefined)[] {
  const alone = expected.map(() => NO_MESSAGE);
  const costs = expected.map((entry) => [...sent.map((one) => costOf(entry, one)), ...alone]);
  return minimalAssignment(costs).map((column, index) => (costs[index]![column]! < NO_MESSAGE ? column : undefined));
}

/** The number of differing fields as a cost. A message to another channel is never paired. */
function costOf(entry: Expectation, one: Sent): number {
  if (entry.channel !== undefined && entry.channel !== one.delivery.channel) return NO_MESSAGE;
  const wrong = disagreements(entry, one).length;
  return wrong === 0 ? 0 : MISMATCH + wrong;
}

function disagreements(expected: Expectation, { delivery }: Sent): string[] {
  const { message, channel, rule, key, status } = delivery;
  const actual: Readonly<Record<string, unknown>> = { ...message, channel, rule, key, status };
  return Object.entries(expected).flatMap(([field, wanted]) => {
    if (field === 'fields' && isObject(wanted))
      return Object.entries(wanted).flatMap(([name, one]) =>
        disagreement(`fields.${name}`, one, message.fields?.[name]),
      );
    const found = field.startsWith('fields.') ? message.fields?.[field.slice('fields.'.length)] : actual[field];
    return disagreement(field, wanted, found);
  });
}

function disagreement(field: string, wanted: unknown, found: unknown): string[] {
  const operators = isObject(wanted) ? OPERATORS.filter(([name]) => typeof wanted[name] === 'string') : [];
  if (operators.length === 0)
    return agrees(wanted, found) ? [] : [`${field} is ${show(found)}, and should be ${show(wanted)}`];
  const texts = [found].flat().map(textOf);
  return operators.flatMap(([name, holds]) => {
    const part = (wanted as Readonly<Record<string, string>>)[name]!;
    if (texts.some((text) => holds(text, part))) return [];
    return [`${field} is ${show(found)}, and should ${VERBS[name]} ${show(part)}`];
  });
}

const OPERATORS: readonly (readonly ['contains' | 'regex', (text: string, part: string) => boolean])[] = [
  ['contains', (text, part) => text.includes(part)],
  ['regex', (text, part) => RE2JS.compile(part).test(text)],
];
const VERBS = { contains: 'contain', regex: 'match' } as const;

/** Equality; a single value also agrees with a list that contains it. */
function agrees(wanted: unknown, found: unknown): boolean {
  if (Array.isArray(wanted) || isObject(wanted)) return stable(wanted) === stable(found);
  return Array.isArray(found)
    ? found.some((item) => textOf(item) === textOf(wanted))
    : textOf(found) === textOf(wanted);
}

function describeSent({ delivery: { channel, message, status } }: Sent): string {
  const body = show(cut(message.body, MAX_BODY));
  return `${channel}: ${show(message.title)} ${body}${status === 'resolved' ? ' (resolved)' : ''}`;
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

function show(value: unknown): string {
  return value === undefined ? 'missing' : cut(JSON.stringify(value), MAX_VALUE);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

/** JSON with sorted keys. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}
