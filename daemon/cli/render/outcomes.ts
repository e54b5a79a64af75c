import type { LaterResult, RuleResult } from '../../core/flow/decision.ts';
import type { EventView, WaitingGroupView } from '../../http/daemon-api.ts';
import { counted } from '../../lib/counted.ts';
import type { Style } from './style.ts';
import { harmless, type Paint, table } from './terminal.ts';

type Colour = Parameters<Paint>[0];

/** Colours of outcomes; all others are yellow. */
const COLOURS: Readonly<Record<string, Colour>> = {
  notified: 'green',
  resolved: 'green',
  error: 'red',
  no_match: 'grey',
  disabled: 'grey',
};

export function outcomeText(outcome: string, paint: Paint): string {
  return paint(COLOURS[outcome] ?? 'yellow', outcome);
}

/** Outcomes of the rules on one line: `disk-full: waiting > notified, all: notified`. */
export function outcomesText(
  { outcomes, earlier = {} }: Pick<EventView, 'outcomes' | 'earlier'>,
  { paint }: Style,
): string {
  const texts = Object.entries(outcomes).map(
    ([rule, outcome]) => `${rule}: ${[...(earlier[rule] ?? []), outcome].join(' > ')}`,
  );
  return texts.length === 0 ? paint('grey', 'no rule matched') : texts.join(', ');
}

export interface Recorded {
  readonly received_at: string;
  readonly results?: readonly RuleResult[];
  readonly later?: readonly LaterResult[];
}

/** A line for each result of the rules for an event, at its arrival and later, in the order of their times. */
export function resultLines({ received_at: at, results = [], later = [] }: Recorded, style: Style): string[] {
  const all: readonly LaterResult[] = [...results.map((result) => ({ ...result, at })), ...later];
  return all.length === 0
    ? [`  ${style.paint('grey', 'no rule matched')}`]
    : [table(all.map((result) => resultRow(result, style)))];
}

function resultRow(result: LaterResult, { paint, time, times }: Style): string[] {
  const { at, rule, outcome, key, reason, until, with_event: other, errors = [] } = result;
  const details = [
    ...(reason === undefined ? [] : [times(harmless(reason))]),
    ...(until === undefined ? [] : [`until ${time(until)}`]),
    ...(other === undefined ? [] : [`together with event ${harmless(other)}`]),
    ...errors.map((error) => paint('red', harmless(error))),
  ];
  return [`  ${time(at)}`, rule, harmless(key ?? ''), outcomeText(outcome, paint), details.join('; ')];
}

/** A line for each group of events that waits in a step, with the end of the wait. */
export function waitingLines(groups: readonly WaitingGroupView[], { paint, time }: Style): string[] {
  const rows = groups.map(({ step, rule, key, events, until }) => [
    `  ${paint('yellow', 'waits')} in ${step}`,
    rule,
    harmless(key),
    counted(events, 'event'),
    until === undefined ? '' : `until ${time(until)}`,
  ]);
  return rows.length === 0 ? [] : [table(rows)];
}
