import type { Event } from '../../event/event.ts';
import { allowed, type Hours, nextAllowed } from '../../time/hours.ts';
import type { CompiledRule, Ruleset } from '../../ruleset.ts';
import { makesAlerts } from './alert.ts';
import {
  defineStep,
  forget,
  FOREVER,
  type MemoryOf,
  remembered,
  type Row,
  type Signal,
  type StepContext,
} from '../step.ts';

/** The rows `from` to before `next` hold signals. */
interface Held {
  readonly from: number;
  readonly next: number;
}

interface Entry {
  readonly event: Event;
  readonly events: readonly Event[];
  readonly count: number;
}

interface Settings {
  readonly during: readonly string[];
  readonly notDuring: readonly string[];
  readonly outside: 'drop' | 'hold';
}

/** Of one key; a night's flood must fit into memory. */
const MOST_HELD = 1000;
/** Hours that do not begin for so long are asked again then, milliseconds. */
const ASK_AGAIN = 24 * 3_600_000;

/** Outside the hours a signal is dropped, or held until they begin. */
export const hours = defineStep<Settings>({
  name: 'hours',
  settings: (rule) =>
    rule.during.length + rule.notDuring.length === 0
      ? undefined
      : { during: rule.during, notDuring: rule.notDuring, outside: rule.outside },
  run(settings, signal, context) {
    const { now } = context;
    const [during, notDuring] = calendarsOf(settings, context.ruleset);
    if (allowed(now, during, notDuring)) return { kind: 'pass' };
    const until = nextAllowed(now, during, notDuring);
    const whenText = reasonOf(settings);
    const held = remembered<Held>('hours', context) ?? { from: 0, next: 0 };
    if (settings.outside === 'drop' || (held.next - held.from >= MOST_HELD && !makesAlerts(context.rule))) {
      const reason = settings.outside === 'drop' ? whenText : `${whenText}, and ${MOST_HELD} are held already`;
      return { kind: 'stop', outcome: 'outside_hours', reason, ...(until !== undefined && { until }) };
    }
    // Of an alert the latest state is news enough.
    const gone = makesAlerts(context.rule) ? partsOf(held).map((part) => forget(part)) : [];
    const from = gone.length > 0 ? held.next : held.from;
    const rows: Row[] = [
      ...gone,
      { value: { from, next: held.next + 1 }, expires: FOREVER, wake: until ?? now + ASK_AGAIN },
      { part: String(held.next), value: signal, expires: FOREVER },
    ];
    return { kind: 'stop', kept: true, outcome: 'held', reason: whenText, ...(until !== undefined && { until }), rows };
  },
  wake(settings, context) {
    const held = remembered<Held>('hours', context);
    if (held === undefined) return { rows: [], signals: [] };
    const [during, notDuring] = settings === undefined ? [[], []] : calendarsOf(settings, context.ruleset);
    if (!allowed(context.now, during, notDuring)) {
      const wake = nextAllowed(context.now, during, notDuring) ?? context.now + ASK_AGAIN;
      return { rows: [{ value: held, expires: FOREVER, wake }], signals: [] };
    }
    return { rows: forgetHeld(context), signals: signalsOf(held, context) };
  },
  retimed: (settings, state, { now, ruleset }) => [
    { value: state, expires: FOREVER, wake: settings === undefined ? now : goesOnAt(settings, ruleset, now) },
  ],
});

function goesOnAt(settings: Settings, ruleset: Ruleset, now: number): number {
  const [during, notDuring] = calendarsOf(settings, ruleset);
  return allowed(now, during, notDuring) ? now : (nextAllowed(now, during, notDuring) ?? now + ASK_AGAIN);
}

function calendarsOf(
  { during, notDuring }: Pick<Settings, 'during' | 'notDuring'>,
  ruleset: Ruleset,
): [readonly Hours[], readonly Hours[]] {
  const find = (names: readonly string[]): Hours[] => names.flatMap((name) => ruleset.hours.get(name) ?? []);
  return [find(during), find(notDuring)];
}

/** The first instant, from now on, at which a rule may speak; now when it has no hours, or none that ever come. */
export function speaksAt(rule: CompiledRule, ruleset: Ruleset, now: number): number {
  const [during, notDuring] = calendarsOf(rule, ruleset);
  return allowed(now, during, notDuring) ? now : (nextAllowed(now, during, notDuring) ?? now);
}

function reasonOf({ during, notDuring }: Settings): string {
  const inside = during.length === 0 ? '' : `outside ${during.join(', ')}`;
  const outside = notDuring.length === 0 ? '' : `during ${notDuring.join(', ')}`;
  return [inside, outside].filter((text) => text !== '').join(', or ');
}

function partsOf({ from, next }: Held): string[] {
  return Array.from({ length: next - from }, (_, index) => String(from + index));
}

function signalsOf(held: Held, context: StepContext): Signal[] {
  return partsOf(held).flatMap((part) => remembered<Entry>(`hours/${part}`, context) ?? []);
}

/** Every row that holds something for the rule and key at hand, to be forgotten. */
export function forgetHeld(place: MemoryOf): Row[] {
  const held = remembered<Held>('hours', place);
  return held === undefined ? [] : [...partsOf(held).map((part) => forget(part)), forget()];
}
