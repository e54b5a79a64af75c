import { compileTemplate } from '../../core/message/template.ts';
import { SendFailure } from '../../core/problems/failure.ts';
import { isObject } from '../../core/values/json.ts';
import { Secret } from '../../lib/secrets/secret.ts';
import type { PostedError } from './protocol.ts';

const SECRET = '$secret';
const TEMPLATE = '$template';

/** Decoded settings in a form that can be posted: secrets and templates become marked texts. */
export function packSettings(value: unknown): unknown {
  if (value instanceof Secret) return { [SECRET]: value.reveal() };
  if (Array.isArray(value)) return value.map(packSettings);
  if (typeof value !== 'object' || value === null) return value;
  const { render, source } = value as { readonly render?: unknown; readonly source?: unknown };
  if (typeof render === 'function' && typeof source === 'string') return { [TEMPLATE]: source };
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, packSettings(item)]));
}

/** The settings of `packSettings`, with secrets and templates. */
export function unpackSettings(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpackSettings);
  if (!isObject(value)) return value;
  if (typeof value[SECRET] === 'string') return new Secret(value[SECRET]);
  if (typeof value[TEMPLATE] === 'string') {
    const compiled = compileTemplate(value[TEMPLATE]);
    if (compiled.ok) return compiled.template;
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, unpackSettings(item)]));
}

const CLASSES: readonly unknown[] = ['transient', 'permanent', 'unknown'];

/** An error in a form that can be posted. A `SendFailure` is known by its fields, since a plugin may have a class of its own. */
export function packError(thrown: unknown): PostedError {
  if (!(thrown instanceof Error)) return { message: String(thrown) };
  const { message, stack, class: failureClass, code, detail } = thrown as Partial<SendFailure> & Error;
  const bug = { message, ...(stack !== undefined && { stack }) };
  if (failureClass === undefined || !CLASSES.includes(failureClass) || typeof code !== 'string') return bug;
  const { cause: _cause, ...rest } = (detail ?? {}) as Record<string, unknown>;
  return { ...bug, class: failureClass, code, detail: JSON.parse(JSON.stringify(rest)) as object };
}

export function unpackError({ message, stack, class: failureClass, code, detail }: PostedError): Error {
  if (failureClass !== undefined && code !== undefined) return new SendFailure(failureClass, code, message, detail);
  const bug = new Error(message);
  if (stack !== undefined) bug.stack = stack;
  return bug;
}
