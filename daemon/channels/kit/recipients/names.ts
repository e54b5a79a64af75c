import type { NameChecks } from '../../../core/compile/registry.ts';
import { SendFailure } from '../../../core/problems/failure.ts';

/** Characters that no name has: they end a line or reverse the text after them. */
export const CONTROL_CHARACTERS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/** Finds names of recipients that do not have this form. `mend` says what to write; `kind` is what such a name is. */
export const recipientFaultUnless =
  (form: RegExp, mend: string, kind = 'a recipient'): NonNullable<NameChecks['to']> =>
  (name) =>
    form.test(name) ? undefined : { message: `this is not ${kind}`, mend };

/** Refuses a message with an entry of `to` that is not one name, since entries may come from an event. `separators` match what separates names at the provider. */
export function checkRecipients(to: readonly string[] | undefined, code: string, separators = /(?!)/): void {
  const wrong = (to ?? []).findIndex((name) => CONTROL_CHARACTERS.test(name) || separators.test(name));
  if (wrong === -1) return;
  throw new SendFailure('permanent', code, `recipient ${wrong + 1} of the message's \`to\` is not one name`);
}

/** Refuses a message without recipients, or with one that `faultOf` finds wrong, since entries may come from an event. */
export function requireRecipients(to: readonly string[], faultOf: (name: string) => unknown, code: string): void {
  if (to.length === 0) throw new SendFailure('permanent', code, 'the message has no recipient');
  const wrong = to.findIndex((name) => faultOf(name) !== undefined);
  if (wrong === -1) return;
  throw new SendFailure('permanent', code, `recipient ${wrong + 1} of the message's \`to\` is not one name`);
}
