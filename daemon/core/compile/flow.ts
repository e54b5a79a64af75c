import type { Draft } from './context.ts';
import { compileMatch } from '../match/compile.ts';
import { compilePath } from '../match/path.ts';
import type { MatchProblem } from '../match/pattern.ts';
import { below, stepsOf } from '../values/pointer.ts';
import type { CompiledRule, Holding, NotifyTarget, Resolution } from '../ruleset.ts';
import type { EscalationSettings } from '../schema/sections/flow.ts';
import { OPERATORS } from '../schema/sections/match.ts';
import type { TargetSettings } from '../schema/sections/notify.ts';
import type { RuleSettings } from '../schema/sections/rule.ts';

type FlowFields = Pick<
  CompiledRule,
  | 'for'
  | 'resolve'
  | 'notifyResolved'
  | 'threshold'
  | 'inhibitedBy'
  | 'during'
  | 'notDuring'
  | 'outside'
  | 'dedupe'
  | 'throttle'
  | 'digest'
  | 'repeat'
  | 'escalate'
>;

/** The part of a rule that the flow reads. */
export function compileFlow(settings: RuleSettings, pointer: string, draft: Draft): FlowFields {
  for (const check of CHECKS) check(settings, pointer, draft);
  const { threshold, dedupe, throttle, digest, repeat } = settings;
  const resolve = resolutionOf(settings, pointer, draft);
  const wait = digest?.wait ?? digest?.every ?? 0;
  return {
    ...(settings.for !== undefined && { for: holdingOf(settings.for) }),
    ...(resolve !== undefined && { resolve }),
    notifyResolved: settings.notify_resolved!,
    ...(threshold !== undefined && { threshold }),
    inhibitedBy: (settings.inhibited_by ?? []).map(({ rule, equal = [] }) => ({ rule, equal: equal.map(compilePath) })),
    during: settings.during ?? [],
    notDuring: settings.not_during ?? [],
    outside: settings.outside!,
    ...(dedupe !== undefined && { dedupe }),
    ...(throttle !== undefined && { throttle: { count: throttle.max, per: throttle.per } }),
    ...(digest !== undefined && {
      digest: { wait, every: digest.every ?? 0, ...(digest.max !== undefined && { max: digest.max }) },
    }),
    ...(repeat !== undefined && { repeat }),
    escalate: (settings.escalate ?? []).map(escalationOf),
  };
}

function holdingOf(settings: NonNullable<RuleSettings['for']>): Holding {
  if (typeof settings === 'number') return { time: settings };
  const { time, max_gap: maxGap } = settings;
  return { time, ...(maxGap !== undefined && { maxGap }) };
}

export function targetOf(target: TargetSettings): NotifyTarget {
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

function escalationOf({ after, notify, message }: EscalationSettings): CompiledRule['escalate'][number] {
  return { after, notify: notify.map(targetOf), ...(message !== undefined && { message }) };
}

function resolutionOf({ resolve }: RuleSettings, pointer: string, draft: Draft): Resolution | undefined {
  if (resolve === undefined) return undefined;
  const { match, if: condition, after } = resolve;
  const compiled = match === undefined ? undefined : compileMatch(match);
  if (compiled?.ok === false) {
    const place = below(pointer, 'resolve', 'match');
    reportMatch(compiled.problems, (relative) => place + relative, draft);
  }
  return {
    ...(match !== undefined && { match }),
    ...(compiled?.ok === true && { matcher: compiled.matcher }),
    ...(condition !== undefined && { condition }),
    ...(after !== undefined && { after }),
  };
}

/** The problems of a match map, each at its place. */
export function reportMatch(
  problems: readonly MatchProblem[],
  placeOf: (pointer: string) => string,
  draft: Draft,
): void {
  for (const problem of problems) {
    const last = stepsOf(problem.pointer).at(-1) ?? '';
    const place = placeOf(problem.pointer);
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
}

type Check = (settings: RuleSettings, pointer: string, draft: Draft) => void;

/** What a schema cannot say: what is given must mean something. */
const CHECKS: readonly Check[] = [positive, gaps, endings, collected, escalations, purposes];

const WINDOWS: readonly (readonly [path: readonly string[], of: (settings: RuleSettings) => number | undefined])[] = [
  [['for'], (settings) => (typeof settings.for === 'object' ? undefined : settings.for)],
  [['for', 'time'], (settings) => (typeof settings.for === 'object' ? settings.for.time : undefined)],
  [['for', 'max_gap'], (settings) => (typeof settings.for === 'object' ? settings.for.max_gap : undefined)],
  [['resolve', 'after'], (settings) => settings.resolve?.after],
  [['threshold', 'within'], (settings) => settings.threshold?.within],
  [['dedupe'], (settings) => settings.dedupe],
  [['throttle', 'per'], (settings) => settings.throttle?.per],
  [['digest', 'wait'], (settings) => settings.digest?.wait],
  [['digest', 'every'], (settings) => settings.digest?.every],
  [['repeat'], (settings) => settings.repeat],
];

/** No window is shorter than a millisecond. */
function positive(settings: RuleSettings, pointer: string, draft: Draft): void {
  for (const [path, of] of WINDOWS) {
    if ((of(settings) ?? 1) > 0) continue;
    const message = `\`${path.at(-1)}\` must be longer than nothing`;
    wrong(draft, below(pointer, ...path), 'schema.range', message, 'write it like `10m`, or leave it out');
  }
}

function gaps({ for: holding }: RuleSettings, pointer: string, draft: Draft): void {
  if (typeof holding !== 'object' || holding.max_gap === undefined || holding.max_gap < holding.time) return;
  const message = '`max_gap` is not shorter than `time`, so it never ends the waiting';
  const mend = 'give a little more than the time between two events, such as `2m` for one a minute';
  wrong(draft, below(pointer, 'for', 'max_gap'), 'rule.for', message, mend);
}

function endings({ resolve, notify_resolved: notifies }: RuleSettings, pointer: string, draft: Draft): void {
  if (resolve !== undefined && Object.keys(resolve).length === 0) {
    const message = '`resolve` does not say what ends it';
    wrong(draft, below(pointer, 'resolve'), 'rule.resolve', message, 'give `match`, `if` or `after`');
  }
  if (notifies === true && resolve === undefined) {
    const message = '`notify_resolved` has no effect without `resolve`';
    wrong(draft, below(pointer, 'notify_resolved'), 'rule.resolve', message, 'say in `resolve` what ends it');
  }
}

function collected({ digest }: RuleSettings, pointer: string, draft: Draft): void {
  if (digest === undefined || digest.wait !== undefined || digest.every !== undefined) return;
  const message = '`digest` does not say for how long to collect';
  wrong(draft, below(pointer, 'digest'), 'rule.digest', message, 'give `wait` or `every`');
}

function escalations({ escalate = [] }: RuleSettings, pointer: string, draft: Draft): void {
  escalate.forEach(({ after }, index) => {
    if (index === 0 || after >= escalate[index - 1]!.after) return;
    const message = 'this step of `escalate` comes before the one above it';
    const mend = '`after` counts from the beginning of the alert; put the steps in order';
    wrong(draft, below(pointer, 'escalate', index, 'after'), 'rule.escalate', message, mend);
  });
}

function purposes(settings: RuleSettings, pointer: string, draft: Draft): void {
  const { during, not_during: notDuring, outside } = settings;
  if (outside === 'hold' && during === undefined && notDuring === undefined) {
    const message = '`outside` has no effect without `during` or `not_during`';
    wrong(draft, below(pointer, 'outside'), 'rule.hours', message, 'name the hours, or remove it');
  }
}

function wrong(draft: Draft, pointer: string, code: string, message: string, mend: string): void {
  draft.found({ pointer, at: 'value', code, message, mend });
}
