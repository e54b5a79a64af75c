import type { MessageTemplates, NotifyTarget } from '../ruleset.ts';
import type { TargetSettings } from '../schema/sections/notify.ts';
import { isObject } from '../values/json.ts';
import { joinPointer } from '../values/pointer.ts';
import type { CompileContext } from './context.ts';
import type { NameField } from './registry.ts';

/** Compiles one target of `notify`; the fields of its message replace those of `base`. */
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

/** A value in the file with its pointer. */
interface Located {
  readonly value: unknown;
  readonly pointer: string;
}

/** Records the recipients and mentions of a rule that are not templates; those of a target replace those of the rule. */
export function recordWrittenNames(
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
      if (typeof channel === 'string') recordTarget(channel, [target, ...messages], context);
    }
  }
}

/** Records each field from the first of the maps that has it. */
function recordTarget(channel: string, maps: readonly Located[], context: CompileContext): void {
  for (const field of FIELDS) {
    const map = maps.find(({ value }) => inside(value, field) !== undefined);
    if (map === undefined) continue;
    for (const { value, pointer } of listOf({
      value: inside(map.value, field),
      pointer: joinPointer(map.pointer, field),
    }))
      if (typeof value === 'string' && value.trim() !== '' && !TEMPLATE.test(value))
        context.name(channel, field, value, pointer);
  }
}

const inside = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

/** Entries of a list, or the single value. */
function listOf({ value, pointer }: Located): readonly Located[] {
  if (Array.isArray(value))
    return value.map((item: unknown, index) => ({ value: item, pointer: joinPointer(pointer, index) }));
  return value === undefined || value === null ? [] : [{ value, pointer }];
}
