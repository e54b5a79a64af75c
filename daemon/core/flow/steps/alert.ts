import type { Event } from '../../event/event.ts';
import { compileMatch } from '../../match/compile.ts';
import { targetOf } from '../../compile/notify.ts';
import type { RuleReport } from '../../compile/rule-report.ts';
import type { AlertSettings, CompiledRule, Resolution } from '../../ruleset.ts';
import { condition, duration, strict } from '../../schema/fields.ts';
import { messageSchema } from '../../schema/sections/message.ts';
import { notifySchema } from '../../schema/sections/notify.ts';
import { type Static, Type } from '../../schema/type.ts';
import { isObject } from '../../values/json.ts';
import { joinPointer } from '../../values/pointer.ts';
import { type NotifiedTarget, type NewDelivery, rescheduledTargets, withNotified } from '../deliveries.ts';
import { FOREVER, type Memory } from '../memory.ts';
import { defineStep, deletion, type EventGroup, notAhead, type Row, stateOf, type StepContext } from '../step.ts';

/** Act of a person on an alert. `at` in milliseconds since the epoch. */
interface PersonalAct {
  readonly at: number;
  readonly by?: string;
  readonly note?: string;
}

/** State of an alert, from the first match until it is resolved. Times are milliseconds since the epoch. */
export interface Alert {
  readonly since: number;
  /** Latest match. */
  readonly last: number;
  readonly count: number;
  readonly event: Event;
  /** Notified targets, once each; empty if no message about the alert has passed the steps yet. The name is that of stored rows. */
  readonly told: readonly NotifiedTarget[];
  readonly acknowledged?: PersonalAct;
  /** The acknowledgement that was taken back last. */
  readonly unacknowledged?: PersonalAct;
  /** Number of steps of `escalate` that are done. */
  readonly escalated: number;
  /** Time from which the repeats count. */
  readonly repeatFrom: number;
  /** Time at which a prevented escalation is tried again. */
  readonly tryAgain?: number;
}

const resolveSchema = strict(
  {
    match: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        belfry: 'match',
        description: 'Dotted path -> pattern of the event that ends the alert.',
        examples: [{ 'data.state': 'up' }],
      }),
    ),
    if: Type.Optional(
      condition({
        description: 'Condition of the event that ends the alert (CEL).',
        examples: ['data.percent < 80.0'],
      }),
    ),
    after: Type.Optional(
      duration({ description: 'The alert ends by itself when nothing has matched for this time.', examples: ['1h'] }),
    ),
  },
  {
    description:
      'Selects the event, with the same `key`, that ends the alert. Makes the rule an alert, which fires until it is resolved.',
  },
);

const escalationSchema = strict(
  {
    after: duration({ description: 'Time after the start of the alert.', examples: ['15m'] }),
    notify: notifySchema('The channels that are notified then.'),
    message: Type.Optional(messageSchema),
  },
  { description: 'Further targets and their times, while the alert fires and is not acknowledged.' },
);

const fields = {
  resolve: Type.Optional(resolveSchema),
  notify_resolved: Type.Optional(
    Type.Boolean({
      description: 'True: the end of the alert is sent to everybody who was notified of its start.',
      examples: [true],
      default: false,
    }),
  ),
  repeat: Type.Optional(
    duration({
      description: 'Notify again at this interval while the alert fires and is not acknowledged.',
      examples: ['4h'],
    }),
  ),
  escalate: Type.Optional(
    Type.Array(escalationSchema, {
      description: 'Further targets and their times, while the alert fires and is not acknowledged.',
      examples: [[{ after: '15m', notify: 'boss' }]],
      minItems: 1,
      maxItems: 20,
    }),
  ),
};

/** The firing alerts of some rules. */
export function* firingAlerts(
  rules: Iterable<CompiledRule>,
  memory: Memory,
): Iterable<{ readonly rule: CompiledRule; readonly key: string; readonly state: Alert }> {
  for (const rule of rules) {
    if (rule.alert === undefined) continue;
    for (const [key, state] of memory.each(rule.name, 'alert')) yield { rule, key, state: state as Alert };
  }
}

/** State of the alert; undefined when none fires. */
export function alertOf(context: StepContext): Alert | undefined {
  return context.rule.alert === undefined ? undefined : stateOf<Alert>('alert', context);
}

/**
 * Drops further matches while an alert fires, unless no message about the alert has passed the steps yet. A rule with `resolve`,
 * `repeat` or `escalate` makes alerts; their repeats, escalations and end are in `wake.ts` and `resolve.ts`.
 */
export const alert = defineStep({
  name: 'alert',
  endsLoops: true,
  fields,
  outcomes: { deduplicated: 'dropped' },
  compile(given, rule): AlertSettings | undefined {
    check(given, rule);
    const { repeat, escalate = [], notify_resolved: notifyResolved = false } = given;
    const resolve = resolutionOf(given.resolve, rule);
    if (resolve === undefined && repeat === undefined && escalate.length === 0) return undefined;
    return {
      ...(resolve !== undefined && { resolve }),
      notifyResolved,
      ...(repeat !== undefined && { repeat }),
      escalate: escalate.map(({ after, notify, message }) => ({
        after,
        notify: notify.map((target) => targetOf(target, { ...rule.message, ...message })),
      })),
    };
  },
  mentions(given, rule) {
    rule.each(['escalate'], given.escalate, (item, path) => {
      if (isObject(item)) rule.mentionChannels(item.notify, [...path, 'notify']);
    });
  },
  run(_, group, context) {
    const before = stateOf<Alert>('alert', context);
    const rows = [rowOf(matchedAgain(before, group, context.now), context.rule)];
    if (before === undefined || before.told.length === 0) return { kind: 'pass', rows };
    return {
      kind: 'stop',
      outcome: 'deduplicated',
      reason: `it fires already, since ${new Date(before.since).toISOString()}`,
      rows,
    };
  },
  reschedule(_, state, { rule, now }) {
    // `tryAgain` lies ahead by its nature, such as the end of a silence.
    const before = notAhead(state as Alert, ['since', 'last', 'repeatFrom'], now);
    const told = rescheduledTargets(rule, before.told, now);
    return [rowOf(told === before.told ? before : { ...before, told }, rule)];
  },
  forget: (ruleKey) => (stateOf('alert', ruleKey) === undefined ? [] : [deletion()]),
  lastEvent: (ruleKey) => stateOf<Alert>('alert', ruleKey)?.event,
});

function check(given: { [Name in keyof typeof fields]?: Static<(typeof fields)[Name]> }, rule: RuleReport): void {
  const { resolve, notify_resolved: notifies, repeat, escalate = [] } = given;
  rule.positive(['resolve', 'after'], resolve?.after);
  rule.positive(['repeat'], repeat);
  if (resolve !== undefined && Object.keys(resolve).length === 0) {
    const mend = 'give `match`, `if` or `after`';
    rule.problem(['resolve'], 'rule.resolve', '`resolve` does not say what ends it', mend);
  }
  if (notifies === true && resolve === undefined) {
    const message = '`notify_resolved` has no effect without `resolve`';
    rule.problem(['notify_resolved'], 'rule.resolve', message, 'say in `resolve` what ends it');
  }
  escalate.forEach(({ after }, index) => {
    if (index === 0 || after >= escalate[index - 1]!.after) return;
    const message = 'this step of `escalate` comes before the one above it';
    const mend = '`after` counts from the beginning of the alert; put the steps in order';
    rule.problem(['escalate', index, 'after'], 'rule.escalate', message, mend);
  });
}

function resolutionOf(given: Static<typeof resolveSchema> | undefined, rule: RuleReport): Resolution | undefined {
  if (given === undefined) return undefined;
  const { match, if: holds, after } = given;
  const compiled = match === undefined ? undefined : compileMatch(match);
  if (compiled?.ok === false) {
    const pointer = joinPointer(rule.pointer, 'resolve', 'match');
    rule.context.matchProblems(compiled.problems, (relative) => pointer + relative);
  }
  return {
    ...(match !== undefined && { match }),
    ...(compiled?.ok === true && { matcher: compiled.matcher }),
    ...(holds !== undefined && { condition: holds }),
    ...(after !== undefined && { after }),
  };
}

/** State of an alert after messages about it. The first message starts the time of the repeats. */
export function withDeliveries(state: Alert, deliveries: readonly NewDelivery[], now: number): Alert {
  const first = state.told.length === 0 ? { repeatFrom: now } : {};
  return { ...state, ...first, told: withNotified(state.told, deliveries) };
}

function matchedAgain(before: Alert | undefined, { event, count }: EventGroup, now: number): Alert {
  if (before === undefined) return { since: now, last: now, count, event, told: [], escalated: 0, repeatFrom: now };
  return { ...before, last: now, count: before.count + count, event };
}

export function rowOf(state: Alert, rule: CompiledRule): Row {
  const wake = nextWake(state, rule);
  return { value: state, expires: FOREVER, ...(wake !== undefined && { wake }) };
}

/** Due times of an alert by the present settings of its rule, milliseconds since the epoch. */
export interface AlertTimes {
  readonly end?: number;
  readonly escalation?: number;
  readonly repeat?: number;
}

export function alertTimes(state: Alert, { alert: settings }: CompiledRule): AlertTimes {
  const { resolve, repeat, escalate = [] } = settings ?? {};
  const end = resolve?.after === undefined ? {} : { end: state.last + resolve.after };
  if (state.acknowledged !== undefined) return end;
  const step = escalate[state.escalated];
  return {
    ...end,
    ...(step !== undefined && { escalation: Math.max(state.since + step.after, state.tryAgain ?? 0) }),
    ...(repeat !== undefined && { repeat: state.repeatFrom + repeat }),
  };
}

/** Earliest due time: of the end, an escalation or a repeat. */
export function nextWake(state: Alert, rule: CompiledRule): number | undefined {
  const { end, escalation, repeat } = alertTimes(state, rule);
  const times = [end, escalation, repeat].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}
