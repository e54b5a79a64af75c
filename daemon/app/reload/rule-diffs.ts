import type { RuleDiffView } from '../../http/daemon-api.ts';
import type { Difference } from '../../reload/comparison.ts';
import type { RuleSources, RuleText } from '../../reload/text/rule-source.ts';
import { timeSlices } from '../../reload/yaml/time-slice.ts';
import { lineDiff, type NumberedLines } from './line-diff.ts';

/** Characters of all differences of one generation. */
const MAX_DIFF_CHARACTERS = 32 * 1024;

export interface RuleDiffs {
  readonly diff: readonly RuleDiffView[];
  /** Number of differences that were left out because of the size of all. */
  readonly omitted: number;
}

/** Line differences of the rules that were edited, added or removed. A rule whose text is the same has changed by `defaults` or a reference. */
export async function ruleDiffs(changes: Difference, before: RuleSources, after: RuleSources): Promise<RuleDiffs> {
  const yieldIfDue = timeSlices();
  const diff: RuleDiffView[] = [];
  let left = MAX_DIFF_CHARACTERS;
  let omitted = 0;
  for (const rule of ruleNames([...changes.changed, ...changes.added, ...changes.removed])) {
    await yieldIfDue();
    const [from, to] = [before.get(rule), after.get(rule)];
    // Beyond the limit texts are not compared any more: ten thousand rules may change at once.
    const text = left > 0 ? lineDiff(numbered(from?.text), numbered(to?.text)) : undefined;
    const shown = to ?? from;
    if (text === '' || shown === undefined) continue;
    if (text === undefined || text.length > left) omitted += 1;
    else diff.push({ rule, file: shown.file, line: shown.line, text });
    left -= text?.length ?? 0;
  }
  return { diff, omitted };
}

/** `rule failed-deploy` -> `failed-deploy` */
export function ruleNames(parts: readonly string[]): readonly string[] {
  return parts.filter((name) => name.startsWith('rule ')).map((name) => name.slice('rule '.length));
}

function numbered(text: RuleText | undefined): NumberedLines {
  return { lines: text?.text.split('\n').slice(0, -1) ?? [], first: text?.line ?? 1 };
}
