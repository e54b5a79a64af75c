import { SendFailure } from '../../core/problems/failure.ts';

/** Characters that end a line or reverse the text after them; no name has them. */
export const CONTROL_CHARACTERS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/** Refuses a message whose `to`, which may come from an event, has an entry that is not one name. `separators` divide names at the provider. */
export function checkRecipients(to: readonly string[] | undefined, code: string, separators = /(?!)/): void {
  const wrong = (to ?? []).findIndex((name) => CONTROL_CHARACTERS.test(name) || separators.test(name));
  if (wrong === -1) return;
  throw new SendFailure('permanent', code, `recipient ${wrong + 1} of the message's \`to\` is not one name`);
}
