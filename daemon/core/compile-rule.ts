import type { FileDefaults } from './compile-defaults.ts';
import type { Draft } from './draft.ts';
import { isObject } from './json.ts';
import { compileMatch } from './match/compile.ts';
import { below, stepsOf } from './pointer.ts';
import type { CompiledRule, Matcher, NotifyTarget } from './ruleset.ts';
import { kindOf } from './schema/explain.ts';
import { OPERATORS } from './schema/match.ts';
import { LATER_RULE_FIELDS, ruleSchema, type RuleSettings } from './schema/rule.ts';

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
    if (same !== undefined) return same;
  }
  const settings = draft.settings(ruleSchema, supported(given, pointer, draft), pointer, 'a rule');
  const match = combinedMatch(given, pointer, draft);
  const matcher = matcherOf(match, given, pointer, draft);
  if (settings?.throttle !== undefined && settings.throttle.per <= 0) {
    const message = '`per` must be longer than nothing';
    draft.found({
      pointer: below(pointer, 'throttle', 'per'),
      at: 'value',
      code: 'schema.range',
      message,
      mend: 'write it like `10m`',
    });
  }
  if (settings === undefined || matcher === undefined || draft.count > before) return undefined;
  return assemble(settings, match, matcher, defaults);
}

function assemble(settings: RuleSettings, match: unknown, matcher: Matcher, defaults: FileDefaults): CompiledRule {
  const { name, on, catch_all: catchAll, if: condition, on_error: onError, key, dedupe, throttle } = settings;
  return {
    name,
    enabled: settings.enabled!,
    ...(on !== undefined && { on }),
    catchAll: catchAll!,
    matcher,
    match,
    ...(condition !== undefined && { condition }),
    onError: onError!,
    key: key!,
    ...(dedupe !== undefined && { dedupe }),
    ...(throttle !== undefined && { throttle: { count: throttle.max, per: throttle.per } }),
    message: { ...defaults.message, ...settings.message },
    notify: settings.notify.map(targetOf),
  };
}

function targetOf(target: RuleSettings['notify'][number]): NotifyTarget {
  if (typeof target === 'string') return { channel: target, delay: 0 };
  const { channel, to, if: when, message, delay } = target;
  return {
    channel,
    delay: delay ?? 0,
    ...(to !== undefined && { to }),
    ...(when !== undefined && { when }),
    ...(message !== undefined && { message }),
  };
}

/** The rule without the fields of later versions, which are reported as such. */
function supported(given: Record<string, unknown>, pointer: string, draft: Draft): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(given).filter(([key]) => {
      if (!LATER_RULE_FIELDS.includes(key)) return true;
      const message = `\`${key}\` is not supported by this version of Belfry`;
      draft.found({ pointer: below(pointer, key), at: 'key', code: 'schema.unsupported', message, mend: 'remove it' });
      return false;
    }),
  );
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
  for (const problem of compiled.problems) {
    const steps = stepsOf(problem.pointer);
    const first = steps[0];
    const last = steps.at(-1) ?? '';
    const beside = first !== undefined && COMBINATIONS.some((word) => word === first && given[word] !== undefined);
    const place = (beside ? pointer : below(pointer, 'match')) + problem.pointer;
    if (draft.has(place)) continue;
    draft.found({
      pointer: place,
      at: Object.hasOwn(OPERATORS, last) || /^\d+$/.test(last) ? 'value' : 'key',
      code: 'rule.match',
      message: problem.message,
      mend: problem.mend,
      quotes: true,
    });
  }
  return undefined;
}

/** Notes the sources and channels that a rule names, as far as it can be read. */
function mentions(rule: string, given: Record<string, unknown>, pointer: string, draft: Draft): void {
  const each = (field: 'on' | 'notify', see: (item: unknown, at: string) => void): void => {
    const value = given[field];
    const at = below(pointer, field);
    if (Array.isArray(value)) value.forEach((item, index) => see(item, below(at, index)));
    else see(value, at);
  };
  each('on', (item, at) => {
    if (typeof item === 'string') draft.refer('on', item, rule, at);
  });
  each('notify', (item, at) => {
    if (typeof item === 'string') draft.refer('notify', item, rule, at);
    else if (isObject(item) && typeof item.channel === 'string')
      draft.refer('notify', item.channel, rule, below(at, 'channel'));
  });
}
