import type { UnsavedRules } from '../../core/explain/unsaved.ts';
import { HttpProblem } from '../problem.ts';

/** Fields of a body with rules that are in no file. */
export const UNSAVED_FIELDS: readonly string[] = ['rules', 'base'];

/** Reads `rules` and `base` of a body; undefined without `rules`. Throws 400 with `code` otherwise. */
export function readUnsaved(
  { rules, base = false }: Readonly<Record<string, unknown>>,
  code: string,
): UnsavedRules | undefined {
  const wrong = (pointer: string, detail: string): HttpProblem =>
    new HttpProblem(400, code, detail, { more: { pointer } });
  if (typeof base !== 'boolean') throw wrong('/base', '`base` is true or false');
  if (rules === undefined) {
    if (base) throw wrong('/base', '`base` says how `rules` are used, and there are no `rules`');
    return undefined;
  }
  if (typeof rules !== 'string') throw wrong('/rules', '`rules` is the text of a rules file');
  return { text: rules, base };
}
