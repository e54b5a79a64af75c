import type { Activity, HourOfRule, RuleActivity } from '../../store.ts';
import { hourOf, type StoredActivity } from './activity-counts.ts';
import { USE } from '../stored-states.ts';

/** Puts together what the store has counted. `delivered`: successes since the start, by channel. */
export function activityOf(
  { hours, uses }: StoredActivity,
  since: number,
  delivered: ReadonlyMap<string, number>,
): Activity {
  const last = (kind: number): Map<string, number> => {
    const times = new Map<string, number>();
    for (const [one, name, at] of uses) if (one === kind) raise(times, name, at);
    return times;
  };
  const [matched, notified, silenced, successes] = [USE.match, USE.notified, USE.silenced, USE.delivered].map(last);
  for (const [channel, at] of delivered) raise(successes!, channel, at);
  const hoursOf = hoursByRule(hours, hourOf(since));
  const names = new Set([...matched!.keys(), ...notified!.keys(), ...hoursOf.keys()]);
  const rules = [...names].map((rule): [string, RuleActivity] => {
    const [lastMatch, lastNotified] = [matched!.get(rule), notified!.get(rule)];
    return [
      rule,
      {
        ...(lastMatch !== undefined && { lastMatch }),
        ...(lastNotified !== undefined && { lastNotified }),
        hours: hoursOf.get(rule) ?? [],
      },
    ];
  });
  return { rules: new Map(rules), delivered: successes!, silenced: silenced! };
}

function hoursByRule(hours: StoredActivity['hours'], from: number): ReadonlyMap<string, readonly HourOfRule[]> {
  const rules = new Map<string, Map<number, Record<string, number>>>();
  for (const [at, rule, outcome, count] of hours) {
    if (at < from) continue;
    const byHour = rules.get(rule) ?? new Map<number, Record<string, number>>();
    rules.set(rule, byHour);
    const outcomes = byHour.get(at) ?? {};
    byHour.set(at, outcomes);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  }
  return new Map(
    [...rules].map(([rule, byHour]) => [
      rule,
      [...byHour].map(([at, outcomes]) => ({ at, outcomes })).toSorted((a, b) => a.at - b.at),
    ]),
  );
}

function raise(times: Map<string, number>, name: string, at: number): void {
  times.set(name, Math.max(times.get(name) ?? 0, at));
}
