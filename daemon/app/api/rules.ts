import { firingAlerts } from '../../core/flow/steps/alert.ts';
import { stepFields } from '../../core/flow/steps/index.ts';
import { waitingCount } from '../../core/flow/waiting.ts';
import type { CompiledRule } from '../../core/ruleset.ts';
import { isObject } from '../../core/values/json.ts';
import type { RulesApi, RuleView, RulesView, WholeRuleView } from '../../http/daemon-api.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import { maskRuleText } from '../../reload/text/mask.ts';
import type { RuleSource } from '../../reload/text/rule-source.ts';
import type { Activity, RuleActivity } from '../../store/store.ts';
import { withExcerpt } from '../reload/generations.ts';
import type { DaemonApiDeps } from './deps.ts';

type RulesDeps = Pick<DaemonApiDeps, 'live' | 'store' | 'clock' | 'generations' | 'ruleTests'>;

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_PROBLEMS = 100;
const MAX_TEXT = 200;

/** The rules in force, with what each did last. */
export function rulesOf(deps: RulesDeps): RulesApi {
  const { live, store, clock, generations, ruleTests } = deps;
  const activity = (): Promise<Activity> => store.activity(clock.now() - DAY_MS);
  return {
    async page({ limit, from, text }) {
      const { rules } = await activity();
      const { list } = live.ruleSources;
      const views = viewsOf(list.slice(from, from + limit), rules, deps);
      return {
        generation: live.generation,
        total: list.length,
        rules: text ? views.map((view) => ({ ...view, ...textOf(live.ruleSources.get(view.name)!) })) : views,
        next: from + limit < list.length ? String(from + limit) : null,
        problems: live.files
          .flatMap(({ problems }) => problems)
          .slice(0, MAX_PROBLEMS)
          .map((problem) => withExcerpt(problem, live)),
        ...testsOf(deps),
      };
    },
    async rule(name) {
      const { rules } = await activity();
      const source = live.ruleSources.get(name);
      const [view] = source === undefined ? [] : viewsOf([source], rules, deps);
      if (source === undefined || view === undefined) return undefined;
      const results = ruleTests.last?.results.filter((result) => result.rules.includes(name));
      return {
        ...view,
        generation: live.generation,
        ...textOf(source),
        ...(results !== undefined && { test_results: results }),
      };
    },
    generations: (limit) => generations.list(limit),
    test: () => ruleTests.run(),
  };
}

const textOf = ({ text: { text, line } }: RuleSource): Pick<WholeRuleView, 'text' | 'text_line'> => ({
  text,
  text_line: line,
});

function testsOf({ ruleTests }: RulesDeps): Pick<RulesView, 'tests'> {
  if (ruleTests.last === undefined) return {};
  const { results: _results, generation: _generation, ...tests } = ruleTests.last;
  return { tests };
}

function viewsOf(
  sources: readonly RuleSource[],
  activity: Activity['rules'],
  { live, store, clock, ruleTests }: RulesDeps,
): readonly RuleView[] {
  const memory = store.memory(clock.now());
  const kept = new Set(live.files.filter(({ state }) => state === 'kept').map(({ path }) => path));
  const tests = testCounts(ruleTests.last?.results);
  return sources.flatMap((source) => {
    const rule = live.ruleset.byName.get(source.name);
    if (rule === undefined) return [];
    return [
      {
        ...settingsOf(source, rule),
        state: !rule.enabled ? 'disabled' : kept.has(source.file) ? 'kept' : 'live',
        ...activityOf(activity.get(rule.name)),
        waiting: waitingCount(rule, memory),
        alerts: alertsOf(rule, memory),
        ...(tests !== undefined && { tests: tests.get(rule.name) ?? { passed: 0, failed: 0 } }),
      },
    ];
  });
}

function settingsOf(
  { name, file, line, entry }: RuleSource,
  rule: CompiledRule,
): Pick<RuleView, 'name' | 'file' | 'line' | 'on' | 'match' | 'if' | 'channels' | 'flow'> {
  const { match, any, all, none, if: condition } = entry;
  const matched = Object.entries({ ...(isObject(match) && match), any, all, none }).filter(
    ([, pattern]) => pattern !== undefined,
  );
  const steps = Object.entries(entry).filter(([setting]) => Object.hasOwn(stepFields, setting));
  const targets = [...rule.notify, ...(rule.alert?.escalate ?? []).flatMap(({ notify }) => notify)];
  return {
    name,
    file,
    line,
    ...(rule.on !== undefined && { on: rule.on }),
    ...(matched.length > 0 && {
      match: shortened(matched.map(([path, one]) => `${path}: ${flowText(one)}`).join(', ')),
    }),
    ...(condition !== undefined && { if: shortened(flowText(condition)) }),
    channels: [...new Set(targets.map(({ channel }) => channel))],
    flow: Object.fromEntries(steps.map(([setting, value]) => [setting, shortened(flowText(value))])),
  };
}

/** A value as YAML on one line. */
function flowText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? '';
  return `{${Object.entries(value)
    .map(([key, item]) => `${key}: ${flowText(item)}`)
    .join(', ')}}`;
}

function shortened(text: string): string {
  const masked = maskRuleText(text.replaceAll(/\s+/g, ' ').trim());
  return masked.length > MAX_TEXT ? `${masked.slice(0, MAX_TEXT - 1)}…` : masked;
}

function activityOf(activity: RuleActivity | undefined): Pick<RuleView, 'last_match' | 'last_notified' | 'outcomes'> {
  const { lastMatch, lastNotified, hours = [] } = activity ?? {};
  return {
    ...(lastMatch !== undefined && { last_match: rfc3339(lastMatch) }),
    ...(lastNotified !== undefined && { last_notified: rfc3339(lastNotified) }),
    outcomes: hours.map(({ at, outcomes }) => ({ at: rfc3339(at), counts: outcomes })),
  };
}

function alertsOf(rule: CompiledRule, memory: Parameters<typeof firingAlerts>[1]): RuleView['alerts'] {
  const states = [...firingAlerts([rule], memory)];
  const acknowledged = states.filter(({ state }) => state.acknowledged !== undefined).length;
  return { firing: states.length - acknowledged, acknowledged };
}

function testCounts(
  results: RulesTestResults | undefined,
): ReadonlyMap<string, { readonly passed: number; readonly failed: number }> | undefined {
  if (results === undefined) return undefined;
  const counts = new Map<string, { readonly passed: number; readonly failed: number }>();
  for (const { rules, ok } of results)
    for (const rule of rules) {
      const { passed, failed } = counts.get(rule) ?? { passed: 0, failed: 0 };
      counts.set(rule, ok ? { passed: passed + 1, failed } : { passed, failed: failed + 1 });
    }
  return counts;
}

type RulesTestResults = readonly { readonly rules: readonly string[]; readonly ok: boolean }[];
