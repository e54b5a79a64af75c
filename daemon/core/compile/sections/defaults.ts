import type { CompileContext } from '../context.ts';
import { isObject } from '../../values/json.ts';
import type { MessageTemplates } from '../../ruleset.ts';
import { defaultsSchema } from '../../schema/sections/rule-file.ts';

/** The settings of `defaults:`: decoded for messages, as written for delivery, where a channel's own go over them. */
export interface FileDefaults {
  readonly message: MessageTemplates;
  readonly delivery: Readonly<Record<string, unknown>>;
  /** As written, for digests. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** Compiles `defaults:`; with anything wrong in it there are none. */
export function compileDefaults(given: unknown, context: CompileContext): FileDefaults {
  const none = { message: {}, delivery: {}, raw: {} };
  if (given === undefined || given === null) return none;
  const settings = context.settings(defaultsSchema, given, '/defaults', '`defaults`');
  const raw = context.coerced(defaultsSchema, given, '/defaults') as Record<string, unknown>;
  if (settings === undefined) return none;
  return { message: settings.message ?? {}, delivery: isObject(raw.delivery) ? raw.delivery : {}, raw };
}
