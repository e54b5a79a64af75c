import type { RuleView } from '../../../daemon/http/views.ts';
import type { Query } from '../../lib/router.ts';

/** A line of the list: a file, or a rule below it. */
export type Entry =
  | { readonly kind: 'file'; readonly file: string; readonly count: number; readonly isKept: boolean }
  | { readonly kind: 'rule'; readonly rule: RuleView };

export const STATES: readonly RuleView['state'][] = ['live', 'kept', 'disabled'];

/** Rules that match the filters of the address, below their files. */
export function entriesOf(rules: readonly RuleView[], { text = '', state, outcome, file }: Query): readonly Entry[] {
  const wanted = text.toLowerCase();
  const found = rules.filter(
    (rule) =>
      (state === undefined || rule.state === state) &&
      (file === undefined || rule.file === file) &&
      (outcome === undefined || rule.outcomes.some(({ counts }) => counts[outcome] !== undefined)) &&
      (wanted === '' || textOf(rule).includes(wanted)),
  );
  const byFile = new Map<string, RuleView[]>();
  for (const rule of found) {
    const own = byFile.get(rule.file);
    if (own === undefined) byFile.set(rule.file, [rule]);
    else own.push(rule);
  }
  return [...byFile].flatMap(([name, own]): Entry[] => [
    { kind: 'file', file: name, count: own.length, isKept: own.some((rule) => rule.state === 'kept') },
    ...own.map((rule): Entry => ({ kind: 'rule', rule })),
  ]);
}

function textOf({ name, file, channels, match = '', if: condition = '' }: RuleView): string {
  return [name, file, ...channels, match, condition].join('\n').toLowerCase();
}

/** Folder that all files have in common, with the slash at its end. */
export function commonFolder(files: readonly string[]): string {
  const folders = files.map((file) => file.slice(0, file.lastIndexOf('/') + 1));
  let common = folders[0] ?? '';
  for (const folder of folders)
    while (!folder.startsWith(common)) common = common.slice(0, common.lastIndexOf('/', common.length - 2) + 1);
  return common;
}
