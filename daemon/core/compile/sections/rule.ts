import type { FileDefaults } from './defaults.ts';
import { compileFlow, reportMatch, targetOf } from '../flow.ts';
import { noteWrittenNames } from '../names.ts';
import type { Draft } from '../context.ts';
import { isObject } from '../../values/json.ts';
import { compileMatch } from '../../match/compile.ts';
import { below, stepsOf } from '../../values/pointer.ts';
import type { CompiledRule, Matcher } from '../../ruleset.ts';
import { kindOf } from '../../schema/explain.ts';
import { ruleSchema } from '../../schema/sections/rule.ts';

const COMBINATIONS = ['any', 'all', 'none'] as const;

/** Compiles one entry of `rules:`; undefined when anything is wrong with it. `same`: what it was compiled to before, if it is as it was. */
export function compileRule(
  given: unknown,
  pointer: string,
  defaults: FileDefaults,
  draft: Draft,
  digest: string,
  same: CompiledRule | undefined,
): CompiledRule | undefined {
  const before = draft.count;
  if (!isObject(given)) {
    const message = `a rule is a map of settings, not ${kindOf(given)}`;
    draft.found({ pointer, at: 'value', code: 'schema.type', message, mend: 'begin it with `- name: ...`' });
    return undefined;
  }
  const { name } = given;
  if (typeof name === 'string') {
    draft.declare('rule', name, below(pointer, 'name'), 'value', digest);
    mentions(name, given, pointer, draft);
    noteWrittenNames(given, pointer, draft);
    if (same !== undefined) return same;
  }
  const settings = draft.settings(ruleSchema, given, pointer, 'a rule');
  const match = combinedMatch(given, pointer, draft);
  const matcher = matcherOf(match, given, pointer, draft);
  if (settings === undefined) return undefined;
  const flow = compileFlow(settings, pointer, draft);
  if (matcher === undefined || draft.count > before) return undefined;
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
    ...flow,
    message: { ...defaults.message, ...settings.message },
    notify: settings.notify.map(targetOf),
  };
}

/** `any`, `all` and `none` beside `match` mean the same as inside it. */
function combinedMatch(given: Record<string, unknown>, pointer: string, draft: Draft): Record<string, unknown> {
  const combined: Record<string, unknown> = isObject(given.match) ? { ...given.match } : {};
  for (const word of COMBINATIONS) {
    if (given[word] === undefined) continue;
    if (combined[word] !== undefined) {
      const message = `\`${word}\` stands both in \`match\` and beside it`;
      draft.found({ pointer: below(pointer, word), at: 'key', code: 'rule.match', message, mend: 'keep one of them' });
    }
    combined[word] = given[word];
  }
  return combined;
}

function matcherOf(
  match: Record<string, unknown>,
  given: Record<string, unknown>,
  pointer: string,
  draft: Draft,
): Matcher | undefined {
  const compiled = compileMatch(match);
  if (compiled.ok) return compiled.matcher;
  const placeOf = (relative: string): string => {
    const first = stepsOf(relative)[0];
    const beside = first !== undefined && COMBINATIONS.some((word) => word === first && given[word] !== undefined);
    return (beside ? pointer : below(pointer, 'match')) + relative;
  };
  reportMatch(compiled.problems, placeOf, draft);
  return undefined;
}

/** Notes the names that a rule mentions, as far as it can be read. */
function mentions(rule: string, given: Record<string, unknown>, pointer: string, draft: Draft): void {
  const channel = (item: unknown, at: string): void => {
    if (typeof item === 'string') draft.refer('notify', item, rule, at);
    else if (isObject(item) && typeof item.channel === 'string')
      draft.refer('notify', item.channel, rule, below(at, 'channel'));
  };
  const name = (kind: 'on' | 'hours') => (item: unknown, at: string) => {
    if (typeof item === 'string') draft.refer(kind, item, rule, at);
  };
  each(given.on, below(pointer, 'on'), name('on'));
  each(given.notify, below(pointer, 'notify'), channel);
  each(given.during, below(pointer, 'during'), name('hours'));
  each(given.not_during, below(pointer, 'not_during'), name('hours'));
  each(given.inhibited_by, below(pointer, 'inhibited_by'), (item, at) => {
    if (isObject(item) && typeof item.rule === 'string')
      draft.refer('inhibited_by', item.rule, rule, below(at, 'rule'));
  });
  each(given.escalate, below(pointer, 'escalate'), (item, at) => {
    if (isObject(item)) each(item.notify, below(at, 'notify'), channel);
  });
}

/** One or several of the same. */
function each(value: unknown, at: string, see: (item: unknown, at: string) => void): void {
  if (Array.isArray(value)) value.forEach((item, index) => see(item, below(at, index)));
  else if (value !== undefined && value !== null) see(value, at);
}
