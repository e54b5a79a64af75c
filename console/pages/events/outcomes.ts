import type { Explanation } from '../../../daemon/core/explain/explain.ts';
import type { LaterResult, RuleOutcome, RuleResult } from '../../../daemon/core/flow/decision.ts';
import type { DeliveryView, EventView } from '../../../daemon/http/views.ts';

/** Outcomes of the rules by which events can be filtered. The type makes sure that none is missing. */
const ALL: Readonly<Record<RuleOutcome, true>> = {
  notified: true,
  no_match: true,
  throttled: true,
  deduplicated: true,
  silenced: true,
  inhibited: true,
  outside_hours: true,
  held: true,
  waiting: true,
  counting: true,
  collected: true,
  resolved: true,
  error: true,
  disabled: true,
};
export const OUTCOMES = Object.keys(ALL);

export type ExplainedRule = Explanation['rules'][number];

/** One rule for one event: its outcome then, what came of it, and how today's rules would decide. */
export interface RuleStory {
  readonly rule: string;
  /** Outcome now, after all later results; `no_match` if there is none. */
  readonly outcome: string;
  /** Outcomes before that, oldest first. */
  readonly earlier: readonly string[];
  /** The last result, with its reason and its end. */
  readonly result: RuleResult | LaterResult | undefined;
  readonly later: readonly LaterResult[];
  readonly deliveries: readonly DeliveryView[];
  /** Undefined for a rule that the live rules do not have any more. */
  readonly today: ExplainedRule | undefined;
  /** Number of conditions that do not hold today. */
  readonly failing: number;
}

/** All rules of an event, those with an outcome first, then the nearest misses. */
export function storiesOf(event: EventView, explanation: Pick<Explanation, 'rules'> | undefined): readonly RuleStory[] {
  const today = new Map((explanation?.rules ?? []).map((rule) => [rule.rule, rule]));
  const { results = [], later = [], deliveries = [], outcomes, earlier = {} } = event;
  const names = [...new Set([...Object.keys(outcomes), ...today.keys()])];
  const stories = names.map((rule): RuleStory => {
    const all = [...results, ...later].filter((result) => result.rule === rule);
    const explained = today.get(rule);
    return {
      rule,
      outcome: outcomes[rule] ?? 'no_match',
      earlier: earlier[rule] ?? [],
      result: all.at(-1),
      later: later.filter((result) => result.rule === rule),
      deliveries: deliveries.filter((delivery) => delivery.rule === rule),
      today: explained,
      failing: explained === undefined ? Number.POSITIVE_INFINITY : failingOf(explained),
    };
  });
  return stories.sort((a, b) => Number(isMiss(a)) - Number(isMiss(b)) || (isMiss(a) ? a.failing - b.failing : 0));
}

export function isMiss({ outcome }: Pick<RuleStory, 'outcome'>): boolean {
  return outcome === 'no_match';
}

/** Conditions without which a rule is about other events, not almost about this one. */
const SUBJECTS: readonly string[] = ['on', 'type'];

/** A rule of which one condition at most does not hold, and which is about events of this source and type. */
export function isNear({ today, failing }: RuleStory): boolean {
  const isAbout = today?.conditions.every(({ path, holds }) => holds || !SUBJECTS.includes(path)) ?? false;
  return failing <= 1 && isAbout;
}

/** Conditions of the match that fail; those within a group count with the group, and those of `resolve` are about the end of an alert. */
function failingOf({ conditions }: ExplainedRule): number {
  return conditions.filter(({ holds, within, path }) => !holds && within === undefined && !path.startsWith('resolve.'))
    .length;
}

/** Whether today's rules would decide in another way. Windows have moved on since, so held-back outcomes are left out. */
export function differsToday({ outcome, today }: RuleStory): boolean {
  if (today === undefined) return outcome !== 'no_match';
  return (today.outcome === 'no_match') !== (outcome === 'no_match');
}
