import { compileSteps, STEPS } from '../../flow/steps/index.ts';
import { alert } from '../../flow/steps/alert.ts';
import { settingsOf } from '../../flow/step.ts';
import { checkButtons, withoutAlertButtons } from '../buttons.ts';
import { recordWrittenNames, targetOf } from '../notify.ts';
import { RuleReport } from '../rule-report.ts';
import type { CompileContext, FileDefaults } from '../context.ts';
import { isObject } from '../../values/json.ts';
import { parseSimple } from '../../message/simple-template.ts';
import { compileMatch } from '../../match/compile.ts';
import { joinPointer, segmentsOf } from '../../values/pointer.ts';
import type { CompiledRule, Matcher } from '../../ruleset.ts';
import { kindOf } from '../../schema/explain.ts';
import { ruleSchema } from '../../schema/sections/rule.ts';

const COMBINATIONS = ['any', 'all', 'none'] as const;

/** Compiles one entry of `rules:`; undefined when it has a problem. `same`: the compiled rule of an earlier load, if the entry is unchanged. */
export function compileRule(
  given: unknown,
  pointer: string,
  defaults: FileDefaults,
  context: CompileContext,
  digest: string,
  same: CompiledRule | undefined,
): CompiledRule | undefined {
  const before = context.count;
  if (!isObject(given)) {
    const message = `a rule is a map of settings, not ${kindOf(given)}`;
    context.found({ pointer, at: 'value', code: 'schema.type', message, mend: 'begin it with `- name: ...`' });
    return undefined;
  }
  const { name } = given;
  if (typeof name === 'string') {
    context.declare('rule', name, joinPointer(pointer, 'name'), 'value', digest);
    mentions(given, new RuleReport(name, pointer, context));
    recordWrittenNames(given, pointer, context);
    if (same !== undefined) return same;
  }
  const settings = context.settings(ruleSchema, given, pointer, 'a rule');
  const match = combinedMatch(given, pointer, context);
  const matcher = matcherOf(match, given, pointer, context);
  if (settings === undefined) return undefined;
  const written = { ...defaults.message, ...settings.message };
  const report = new RuleReport(settings.name, pointer, context, written);
  const steps = compileSteps(settings, report);
  const alertSettings = settingsOf(alert, { steps });
  if (alertSettings === undefined) checkButtons(given, report);
  if (matcher === undefined || context.count > before) return undefined;
  const message = alertSettings === undefined ? withoutAlertButtons(written) : written;
  const { name: own, on, catch_all: catchAll, if: condition, on_error: onError, key } = settings;
  return {
    name: own,
    enabled: settings.enabled!,
    ...(on !== undefined && { on }),
    catchAll: catchAll!,
    matcher,
    match,
    ...(condition !== undefined && { condition }),
    onError: onError!,
    key: key!,
    keyReadsNow: parseSimple(key!.source)?.every((part) => part[0] !== 'now') !== true,
    steps,
    ...(alertSettings !== undefined && { alert: alertSettings }),
    message,
    notify: settings.notify.map((target) => targetOf(target, message)),
  };
}

/** Merges `any`, `all` and `none` of a rule into its `match`, in which they have the same meaning. */
function combinedMatch(
  given: Record<string, unknown>,
  pointer: string,
  context: CompileContext,
): Record<string, unknown> {
  const combined: Record<string, unknown> = isObject(given.match) ? { ...given.match } : {};
  for (const word of COMBINATIONS) {
    if (given[word] === undefined) continue;
    if (combined[word] !== undefined) {
      const message = `\`${word}\` is both in \`match\` and beside it`;
      context.found({
        pointer: joinPointer(pointer, word),
        at: 'key',
        code: 'rule.match',
        message,
        mend: 'keep one of them',
      });
    }
    combined[word] = given[word];
  }
  return combined;
}

function matcherOf(
  match: Record<string, unknown>,
  given: Record<string, unknown>,
  pointer: string,
  context: CompileContext,
): Matcher | undefined {
  const compiled = compileMatch(match);
  if (compiled.ok) return compiled.matcher;
  const pointerOf = (relative: string): string => {
    const first = segmentsOf(relative)[0];
    const beside = first !== undefined && COMBINATIONS.some((word) => word === first && given[word] !== undefined);
    return (beside ? pointer : joinPointer(pointer, 'match')) + relative;
  };
  context.matchProblems(compiled.problems, pointerOf);
  return undefined;
}

/** Records the names that a rule mentions, also of a rule with problems. */
function mentions(given: Record<string, unknown>, rule: RuleReport): void {
  rule.each(['on'], given.on, (name, path) => rule.mention('on', name, path));
  rule.mentionChannels(given.notify, ['notify']);
  for (const step of STEPS) step.mentions?.(given, rule);
}
