import type { CompiledRule, Ruleset } from '../../ruleset.ts';
import { oneOrMany } from '../../schema/fields.ts';
import { Type } from '../../schema/type.ts';
import { allowed, type Hours, nextAllowed } from '../../time/hours.ts';
import { FOREVER } from '../memory.ts';
import { defineStep, deletion, type EventGroup, type Row, type RuleKey, settingsOf, stateOf } from '../step.ts';

/** State: each row from `from` to `next` - 1 contains a group of events. */
interface HeldRange {
  readonly from: number;
  readonly next: number;
}

/** Names of `hours`. */
interface Calendars {
  readonly during: readonly string[];
  readonly notDuring: readonly string[];
}

interface Settings extends Calendars {
  readonly outside: 'drop' | 'hold';
}

/** Bound on the held groups of one key, since the events of a whole night must fit into memory. */
export const MAX_HELD = 1000;
/** Wait before hours that do not begin within 400 days are checked again. */
const CHECK_AGAIN_MS = 24 * 3_600_000;

const names = (noun: string, examples: readonly unknown[]) =>
  oneOrMany(Type.String({ minLength: 1, description: `The name of ${noun}.`, examples: ['office'] }), {
    description: `Names of \`hours\`.`,
    examples,
  });

/** Drops events outside the hours, or holds them until the hours begin. */
export const hours = defineStep({
  name: 'hours',
  fields: {
    during: Type.Optional(names('an entry of `hours`', ['office', ['office', 'saturday']])),
    not_during: Type.Optional(names('an entry of `hours`', ['maintenance'])),
    outside: Type.Optional(
      Type.Unsafe<'drop' | 'hold'>({
        type: 'string',
        enum: ['drop', 'hold'],
        description: 'Events outside the hours are dropped, or held until the hours begin.',
        examples: ['hold'],
        default: 'drop',
      }),
    ),
  },
  outcomes: { outside_hours: 'dropped', held: 'waiting' },
  mutesAlerts: 'outside_hours',
  compile({ during = [], not_during: notDuring = [], outside = 'drop' }, rule): Settings | undefined {
    if (during.length + notDuring.length > 0) return { during, notDuring, outside };
    if (outside === 'hold') {
      const message = '`outside` has no effect without `during` or `not_during`';
      rule.problem(['outside'], 'rule.hours', message, 'name the hours, or remove it');
    }
    return undefined;
  },
  mentions(given, rule) {
    for (const setting of ['during', 'not_during'])
      rule.each([setting], given[setting], (name, path) => rule.mention('hours', name, path));
  },
  run(settings, group, context) {
    const { now, rule } = context;
    const [during, notDuring] = calendarsOf(settings, context.ruleset);
    if (allowed(now, during, notDuring)) return { kind: 'pass' };
    const until = nextAllowed(now, during, notDuring);
    const outside = reasonOf(settings);
    const held = stateOf<HeldRange>('hours', context) ?? { from: 0, next: 0 };
    if (settings.outside === 'drop' || (held.next - held.from >= MAX_HELD && rule.alert === undefined)) {
      const reason = settings.outside === 'drop' ? outside : `${outside}, and ${MAX_HELD} are held already`;
      return { kind: 'stop', outcome: 'outside_hours', reason, ...(until !== undefined && { until }) };
    }
    // The latest group of an alert replaces the earlier ones.
    const replaced = rule.alert === undefined ? [] : partsOf(held).map((part) => deletion(part));
    const from = replaced.length > 0 ? held.next : held.from;
    const rows: Row[] = [
      ...replaced,
      { value: { from, next: held.next + 1 }, expires: FOREVER, wake: until ?? now + CHECK_AGAIN_MS },
      { part: String(held.next), value: group, expires: FOREVER },
    ];
    return { kind: 'stop', outcome: 'held', reason: outside, ...(until !== undefined && { until }), rows };
  },
  wake(settings, context) {
    const held = stateOf<HeldRange>('hours', context);
    if (held === undefined) return { rows: [], groups: [] };
    const wake = settings === undefined ? context.now : goesOnAt(settings, context.ruleset, context.now);
    if (wake > context.now) return { rows: [{ value: held, expires: FOREVER, wake }], groups: [] };
    const groups = partsOf(held).flatMap((part) => stateOf<EventGroup>(`hours/${part}`, context) ?? []);
    return { rows: allRows(context), groups };
  },
  reschedule: (settings, state, { now, ruleset }) => [
    { value: state, expires: FOREVER, wake: settings === undefined ? now : goesOnAt(settings, ruleset, now) },
  ],
  forget: allRows,
  lastEvent(ruleKey) {
    const { next } = stateOf<HeldRange>('hours', ruleKey) ?? { next: 0 };
    return stateOf<EventGroup>(`hours/${next - 1}`, ruleKey)?.event;
  },
  isWaiting: (state) => (state as HeldRange).next > (state as HeldRange).from,
  waits(_, context) {
    const { from, next } = stateOf<HeldRange>('hours', context) ?? { from: 0, next: 0 };
    return next === from ? undefined : { events: next - from };
  },
});

function goesOnAt(settings: Calendars, ruleset: Ruleset, now: number): number {
  const [during, notDuring] = calendarsOf(settings, ruleset);
  return allowed(now, during, notDuring) ? now : (nextAllowed(now, during, notDuring) ?? now + CHECK_AGAIN_MS);
}

function calendarsOf({ during, notDuring }: Calendars, ruleset: Ruleset): [readonly Hours[], readonly Hours[]] {
  const find = (list: readonly string[]): Hours[] => list.flatMap((name) => ruleset.hours.get(name) ?? []);
  return [find(during), find(notDuring)];
}

/** Earliest time at which a rule may send; now if it has no hours, or if they do not begin within 400 days. */
export function maySendAt(rule: CompiledRule, ruleset: Ruleset, now: number): number {
  const settings = settingsOf(hours, rule);
  if (settings === undefined) return now;
  const [during, notDuring] = calendarsOf(settings, ruleset);
  return allowed(now, during, notDuring) ? now : (nextAllowed(now, during, notDuring) ?? now);
}

function reasonOf({ during, notDuring }: Calendars): string {
  const inside = during.length === 0 ? '' : `outside ${during.join(', ')}`;
  const outside = notDuring.length === 0 ? '' : `during ${notDuring.join(', ')}`;
  return [inside, outside].filter((text) => text !== '').join(', or ');
}

function partsOf({ from, next }: HeldRange): string[] {
  return Array.from({ length: next - from }, (_, index) => String(from + index));
}

/** Deletions of all rows of a rule and key. */
function allRows(ruleKey: RuleKey): Row[] {
  const held = stateOf<HeldRange>('hours', ruleKey);
  return held === undefined ? [] : [...partsOf(held).map((part) => deletion(part)), deletion()];
}
