import { type Signal, useSignal } from '@preact/signals';
import type { DeadLetter } from '../../../daemon/http/api/dead-letters.ts';
import { ApiError, call } from '../../api/client.ts';
import { path } from '../../api/paths.ts';
import { texts } from '../../lib/texts.ts';
import { changesOf, type FieldChange, patchOf } from './changes.ts';

export type Message = DeadLetter['message'];

/** Fields that have an input of their own; the others are edited as JSON. */
const OWN = ['title', 'body', 'format', 'priority', 'link'];

export interface Problem {
  readonly pointer: string;
  readonly message: string;
  readonly mend: string;
}

/** A record as it was when the edit began, with its `ETag`. */
export interface Basis {
  readonly record: DeadLetter;
  readonly etag: string;
}

/** Text of the form, and what follows from it. */
export interface Edit {
  readonly message: Signal<Message>;
  readonly channel: Signal<string>;
  /** The other fields of the message, as JSON. */
  readonly others: Signal<string>;
  readonly isJson: boolean;
  readonly changes: readonly FieldChange[];
  /** Body of the request that saves it. */
  readonly body: object;
  readonly set: (change: Partial<Message>) => void;
  /** Saves it; resolves to nothing if it was refused, which `problems` and `meanwhile` explain. */
  readonly save: () => Promise<string | void>;
  readonly problems: readonly Problem[];
  /** Changes of somebody else since the edit began. */
  readonly meanwhile: readonly FieldChange[];
}

/** Fields by which an edit is compared: those of the message, and the channel. */
const fieldsOf = ({ message, channel }: Pick<DeadLetter, 'message' | 'channel'>) => ({ ...message, channel });

/** State of the form of one letter. `onSaved` is called when the file has the edit. */
export function useEdit(first: Basis, onSaved: () => void): Edit {
  const basis = useSignal(first);
  const message = useSignal<Message>(first.record.message);
  const channel = useSignal(first.record.channel);
  const others = useSignal(JSON.stringify(othersOf(first.record.message), null, 2));
  const problems = useSignal<readonly Problem[]>([]);
  const meanwhile = useSignal<readonly FieldChange[]>([]);
  const { record, etag } = basis.value;
  const before = fieldsOf(record);
  const next = messageOf(message.value, others.value);
  const after = next === undefined ? before : { ...next, channel: channel.value };
  const body = bodyOf(patchOf(before, after));
  const refused = (error: ApiError): void => {
    if (error.status === 412) {
      const now = { record: error.problem.current as DeadLetter, etag: String(error.problem.etag) };
      meanwhile.value = changesOf(before, fieldsOf(now.record));
      basis.value = now;
      return;
    }
    problems.value = (error.problem.problems as readonly Problem[] | undefined) ?? [];
    if (problems.value.length === 0) throw error;
  };
  const save = async (): Promise<string | void> => {
    problems.value = [];
    try {
      await call('PATCH', path('dead', record.id), { body, headers: { 'if-match': etag } });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return refused(error);
    }
    onSaved();
    return texts.value.dead.saved;
  };
  return {
    message,
    channel,
    others,
    isJson: next !== undefined,
    changes: changesOf(before, after),
    body,
    set: (change) => {
      message.value = { ...message.value, ...change };
    },
    save,
    problems: problems.value,
    meanwhile: meanwhile.value,
  };
}

function bodyOf({ channel, ...message }: Readonly<Record<string, unknown>>): object {
  return { ...(Object.keys(message).length > 0 && { message }), ...(channel !== undefined && { channel }) };
}

function othersOf(message: Message): object {
  return Object.fromEntries(Object.entries(message).filter(([name]) => !OWN.includes(name)));
}

/** The message of the form; undefined while the other fields are no JSON object. */
function messageOf(own: Message, others: string): Message | undefined {
  try {
    const parsed: unknown = JSON.parse(others.trim() === '' ? '{}' : others);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    const fields = Object.fromEntries(Object.entries(own).filter(([name]) => OWN.includes(name)));
    return { ...fields, ...parsed } as Message;
  } catch {
    return undefined;
  }
}
