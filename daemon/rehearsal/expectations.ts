import { RE2JS } from 're2js';
import { isObject } from '../core/json.ts';
import type { Expectation } from '../core/schema/rule-tests.ts';
import type { Sent } from './mailbox.ts';

/** What differs between what was expected and what was sent; `entry` is the number of the expectation, if it is about one. */
export interface Difference {
  readonly entry?: number;
  readonly text: string;
}

/** Everything that was sent is expected, and the other way round, in any order: the pairs that differ least are compared. */
export function differences(expected: readonly Expectation[], sent: readonly Sent[]): readonly Difference[] {
  const wrong = expected.map((entry) => sent.map((one) => disagreements(entry, one)));
  const { pairs, left } = assign(wrong, sent.length);
  const found: Difference[] = [];
  pairs.forEach((index, entry) => {
    const text = describeExpected(expected[entry]!);
    const nearest = index === undefined ? undefined : wrong[entry]![index]!;
    if (nearest === undefined) found.push({ entry, text: `expected, but not sent: ${text}` });
    else if (nearest.length > 0) {
      const to = describeSent(sent[index!]!);
      found.push({ entry, text: `expected, but not sent: ${text}; the nearest was ${to}: ${nearest.join('; ')}` });
    }
  });
  for (const index of left) found.push({ text: `sent, but not expected: ${describeSent(sent[index]!)}` });
  return found;
}

/** Pairs expectations with messages: first those that agree, then by fewest disagreements; a different channel is no pair. */
function assign(
  wrong: readonly (readonly (readonly string[])[])[],
  count: number,
): { readonly pairs: readonly (number | undefined)[]; readonly left: readonly number[] } {
  const pairs: (number | undefined)[] = agreeing(wrong, count);
  const free = new Set(Array.from({ length: count }, (_, index) => index).filter((index) => !pairs.includes(index)));
  const rest = wrong
    .flatMap((row, entry) => row.map((texts, index) => ({ entry, index, cost: texts.length, texts })))
    .filter(({ texts }) => !texts.some((text) => text.startsWith('channel ')))
    .sort((a, b) => a.cost - b.cost);
  for (const { entry, index } of rest) {
    if (pairs[entry] !== undefined || !free.has(index)) continue;
    pairs[entry] = index;
    free.delete(index);
  }
  return { pairs, left: [...free] };
}

/** As many full agreements as there can be (augmenting paths). */
function agreeing(wrong: readonly (readonly (readonly string[])[])[], count: number): (number | undefined)[] {
  const takenBy: (number | undefined)[] = Array.from({ length: count }, () => undefined);
  const find = (entry: number, seen: Set<number>): boolean => {
    for (let index = 0; index < count; index += 1) {
      if (wrong[entry]![index]!.length > 0 || seen.has(index)) continue;
      seen.add(index);
      const other = takenBy[index];
      if (other === undefined || find(other, seen)) {
        takenBy[index] = entry;
        return true;
      }
    }
    return false;
  };
  wrong.forEach((_, entry) => find(entry, new Set()));
  return wrong.map((_, entry) => {
    const index = takenBy.indexOf(entry);
    return index === -1 ? undefined : index;
  });
}

function disagreements(expected: Expectation, { delivery }: Sent): string[] {
  const { message, channel, rule, key, status } = delivery;
  const actual: Readonly<Record<string, unknown>> = { ...message, channel, rule, key, status };
  return Object.entries(expected).flatMap(([field, wanted]) => {
    const found = actual[field];
    if (field === 'fields' && isObject(wanted)) {
      const fields = isObject(found) ? found : {};
      return Object.entries(wanted).flatMap(([name, one]) => disagreement(`fields.${name}`, one, fields[name]));
    }
    return disagreement(field, wanted, found);
  });
}

function disagreement(field: string, wanted: unknown, found: unknown): string[] {
  if (isObject(wanted) && (typeof wanted.contains === 'string' || typeof wanted.regex === 'string')) {
    const texts = (Array.isArray(found) ? found : [found]).map((value) => textOf(value));
    const { contains, regex } = wanted as { contains?: string; regex?: string };
    const misses = [
      ...(contains === undefined || texts.some((text) => text.includes(contains)) ? [] : [`contain ${show(contains)}`]),
      ...(regex === undefined || texts.some((text) => RE2JS.compile(regex).test(text)) ? [] : [`match ${show(regex)}`]),
    ];
    return misses.map((miss) => `${field} is ${show(found)}, and should ${miss}`);
  }
  const same =
    Array.isArray(wanted) || isObject(wanted) ? stable(wanted) === stable(found) : textOf(found) === textOf(wanted);
  return same ? [] : [`${field} is ${show(found)}, and should be ${show(wanted)}`];
}

function describeExpected(expected: Expectation): string {
  return JSON.stringify(expected).slice(0, 300);
}

function describeSent({ delivery: { channel, message, status } }: Sent): string {
  const body = message.body.length > 80 ? `${message.body.slice(0, 80)}...` : message.body;
  return `${channel}: ${show(message.title)} ${show(body)}${status === 'resolved' ? ' (resolved)' : ''}`;
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
}

function show(value: unknown): string {
  return value === undefined ? 'not there' : JSON.stringify(value);
}

function stable(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  );
}
