import { parseDuration } from '../../lib/time/duration.ts';
import type { NameField, NameChecks } from '../compile/registry.ts';
import { readButton } from '../message/alert-button.ts';
import type { StoredMessage } from '../message/message.ts';
import { mendByName } from '../problems/suggest.ts';
import { schemaOf } from '../schema/json-schema.ts';
import { editedMessageSchema } from '../schema/sections/dead-letter.ts';
import { validate } from '../schema/validate.ts';
import { mergePatch } from '../values/merge-patch.ts';
import { joinPointer } from '../values/pointer.ts';
import type { DeadLetter, Delivery } from './delivery.ts';
import { messageFor } from './fallback.ts';

/** Change of a dead letter: a merge patch of its message, and another channel. */
export interface DeadEdit {
  readonly message?: unknown;
  readonly channel?: unknown;
}

export interface EditContext {
  /** Type of each channel of the rules. */
  readonly channels: ReadonlyMap<string, string>;
  readonly namesOf: (type: string) => NameChecks | undefined;
  /** The stored delivery, which has the secrets that the file masks; undefined if it is gone. */
  readonly original: Delivery | undefined;
  readonly scrubJson: <T>(value: T) => T;
}

/** Mistake in an edit; `pointer` is a JSON Pointer into the request. */
export interface EditProblem {
  readonly pointer: string;
  readonly message: string;
  readonly mend: string;
}

export type EditResult =
  | { readonly ok: true; readonly record: DeadLetter }
  | { readonly ok: false; readonly problems: readonly EditProblem[] };

/** Applies an edit to the record that is in the file. A text of the view that contains `***` may stay, but not be changed. */
export function editDeadLetter(record: DeadLetter, edit: DeadEdit, context: EditContext): EditResult {
  const channel = edit.channel ?? record.channel;
  const type = typeof channel === 'string' ? context.channels.get(channel) : undefined;
  if (edit.channel !== undefined && type === undefined) return { ok: false, problems: [noChannel(channel, context)] };
  const before = record.channel_type ?? type;
  // Recipients have the form of one channel type; those of another type must be given anew.
  const base = type === undefined ? record.message : messageFor(record.message, before, type);
  const merged = edit.message === undefined ? base : mergePatch(base, edit.message);
  const message = { pointer: '/message', noun: 'the message', hidden: () => false };
  const found = validate(schemaOf(editedMessageSchema), merged, message);
  if (found.length > 0) return { ok: false, problems: found };
  const next = merged as StoredMessage;
  const problems = [
    ...contentProblems(next),
    ...nameProblems(next, record, context.namesOf(type ?? before ?? '') ?? {}),
    ...secretProblems(next, record, context),
  ];
  if (problems.length > 0) return { ok: false, problems };
  const moved = type === undefined ? {} : { channel: channel as string, channel_type: type };
  return { ok: true, record: { ...record, ...moved, message: next } };
}

function noChannel(channel: unknown, { channels }: EditContext): EditProblem {
  const mend = mendByName(String(channel), channels.keys(), 'the rules have none', 'channels');
  return { pointer: '/channel', message: 'there is no channel of this name', mend };
}

/** Problems that a schema cannot express. */
function contentProblems({ ttl, actions = [] }: StoredMessage): readonly EditProblem[] {
  const problems: EditProblem[] = [];
  if (ttl !== undefined && parseDuration(ttl) === undefined)
    problems.push({ pointer: '/message/ttl', message: 'this is not a duration', mend: 'write it like `2h`' });
  for (const [index, action] of actions.entries()) {
    const pointer = joinPointer('/message/actions', index);
    const [url, press] = [Object.hasOwn(action, 'url'), 'do' in action ? action.do : undefined];
    if (url === (press !== undefined))
      problems.push({
        pointer,
        message: 'a button has a link or a change of the alert',
        mend: 'give one of `url` and `do`',
      });
    else if (press !== undefined) {
      const read = readButton(press);
      if (!read.ok) problems.push({ pointer: joinPointer(pointer, 'do'), message: read.message, mend: read.mend });
    }
  }
  return problems;
}

/** Names that the channel can never use, in the fields that are changed. */
function nameProblems(message: StoredMessage, { message: before }: DeadLetter, checks: NameChecks): EditProblem[] {
  return (Object.keys(checks) as NameField[]).flatMap((field) => {
    if (isSame(message[field], before[field])) return [];
    return (message[field] ?? []).flatMap((text, index) => {
      const fault = checks[field]?.(text.trim());
      return fault === undefined ? [] : [{ pointer: joinPointer('/message', field, index), ...fault }];
    });
  });
}

/** Changed fields with a mask, which would be sent as `***`, or with a secret, which the file does not keep. */
function secretProblems(
  message: StoredMessage,
  { message: before }: DeadLetter,
  { original, scrubJson }: EditContext,
): EditProblem[] {
  return (Object.keys(message) as (keyof StoredMessage)[]).flatMap((field) => {
    const value = message[field];
    if (isSame(value, before[field])) return [];
    const pointer = joinPointer('/message', field);
    if (!isSame(scrubJson(value), value))
      return [{ pointer, message: 'it contains a secret, which the file does not keep', mend: 'leave the secret out' }];
    const stored = original?.message[field];
    const isMasked = stored !== undefined && !isSame(scrubJson(stored), stored);
    if (!isMasked || !JSON.stringify(value).includes('***')) return [];
    const mend = 'leave this field as it was, or write it without `***`';
    return [{ pointer, message: '`***` stands for a secret; in a changed field it would be sent as it is', mend }];
  });
}

/** Whether two JSON values are written in the same way. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
