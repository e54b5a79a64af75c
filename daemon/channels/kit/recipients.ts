import { SendFailure } from '../../core/problems/failure.ts';

/** Ends a line, or turns the text after it around: in no name. */
export const UNSEEN = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/** Refuses a message whose `to`, which may come from an event, has an entry that is not one name. `separators`: what would divide it further on. */
export function checkRecipients(to: readonly string[] | undefined, code: string, separators = /(?!)/): void {
  const wrong = (to ?? []).findIndex((name) => UNSEEN.test(name) || separators.test(name));
  if (wrong === -1) return;
  throw new SendFailure('permanent', code, `recipient ${wrong + 1} of the message's \`to\` is not one name`);
}
