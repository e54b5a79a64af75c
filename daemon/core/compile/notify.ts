import type { MessageTemplates, NotifyTarget } from '../ruleset.ts';
import type { TargetSettings } from '../schema/sections/notify.ts';
import { isObject } from '../values/json.ts';
import { joinPointer } from '../values/pointer.ts';
import type { CompileContext } from './context.ts';
import type { NameField } from './registry.ts';

/** Compiles one target of `notify`; `base` is the message that its own goes over. */
export function targetOf(target: TargetSettings, base: MessageTemplates): NotifyTarget {
  if (typeof target === 'string') return { channel: target, delay: 0, templates: base };
  const { channel, to, if: when, message, delay } = target;
  return {
    channel,
    delay: delay ?? 0,
    ...(when !== undefined && { when }),
    ...(message !== undefined && { message }),
    templates: { ...base, ...message, ...(to !== undefined && { to }) },
  };
}

const FIELDS: readonly NameField[] = ['to', 'mention'];
const TEMPLATE = /\{[{%]/;

interface Place {
  readonly value: unknown;
  readonly pointer: string;
}

/** Notes the recipients and mentions that a rule writes out; a target's own replace those of the rule. */
export function noteWrittenNames(
  given: Readonly<Record<string, unknown>>,
  pointer: string,
  context: CompileContext,
): void {
  const lists = [
    { value: given.notify, pointer: joinPointer(pointer, 'notify'), message: undefined },
    ...listOf({ value: given.escalate, pointer: joinPointer(pointer, 'escalate') }).map(({ value, pointer: step }) => ({
      value: inside(value, 'notify'),
      pointer: joinPointer(step, 'notify'),
      message: { value: inside(value, 'message'), pointer: joinPointer(step, 'message') },
    })),
  ];
  const ruleMessage = { value: given.message, pointer: joinPointer(pointer, 'message') };
  for (const { message, ...list } of lists) {
    for (const target of listOf(list)) {
      const channel = isObject(target.value) ? target.value.channel : target.value;
      const own = { value: inside(target.value, 'message'), pointer: joinPointer(target.pointer, 'message') };
      const messages = [own, ...(message === undefined ? [] : [message]), ruleMessage];
      if (typeof channel === 'string') noteTarget(channel, [target, ...messages], context);
    }
  }
}

/** Notes the field of the first place that has it. */
function noteTarget(channel: string, places: readonly Place[], context: CompileContext): void {
  for (const field of FIELDS) {
    const place = places.find(({ value }) => inside(value, field) !== undefined);
    if (place === undefined) continue;
    for (const { value, pointer } of listOf({
      value: inside(place.value, field),
      pointer: joinPointer(place.pointer, field),
    }))
      if (typeof value === 'string' && value.trim() !== '' && !TEMPLATE.test(value))
        context.name(channel, field, value, pointer);
  }
}

const inside = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

/** Entries of a list, or the single value. */
function listOf({ value, pointer }: Place): readonly Place[] {
  if (Array.isArray(value))
    return value.map((item: unknown, index) => ({ value: item, pointer: joinPointer(pointer, index) }));
  return value === undefined || value === null ? [] : [{ value, pointer }];
}
