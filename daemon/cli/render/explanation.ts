import type { ConditionView } from '../../core/explain/conditions.ts';
import { cut } from '../../core/explain/excerpt.ts';
import type { ExplainedRule, ExplainedSend } from '../../core/explain/explain.ts';
import type { ExplanationView } from '../../http/daemon-api.ts';
import { deliveryText, keptBackText } from './deliveries.ts';
import { outcomeText, resultLines } from './outcomes.ts';
import type { Style } from './style.ts';
import { harmless, indented, type Paint, table } from './terminal.ts';

const MAX_VALUE_LENGTH = 60;
const MAX_TITLE_LENGTH = 120;
const MAX_BODY_LENGTH = 200;

/** Text of an explanation: the event, its recorded outcomes, and a block for each rule, matching ones first. */
export function explanationText(
  { event, at, rules, recorded, deliveries = [] }: ExplanationView,
  style: Style,
): string {
  const { paint, time } = style;
  const matching = rules.filter(({ outcome }) => outcome !== 'no_match');
  const others = rules.filter(({ outcome }) => outcome === 'no_match');
  const head = [event.source, event.type, event.subject ?? '', event.id].filter((part) => part !== '').join('  ');
  return [
    `${paint('blue', 'event')}  ${harmless(head)}`,
    ...(recorded === undefined ? [] : recordedLines(recorded, style)),
    ...deliveries.map((delivery) => indented(deliveryText(delivery, style))),
    `${recorded === undefined ? 'if it came' : 'if it came again'} at ${time(at)}: ${matching.length} of ${rules.length} rules match`,
    ...[...matching, ...others].map((rule) => `\n${ruleText(rule, style)}`),
  ].join('\n');
}

function recordedLines(recorded: NonNullable<ExplanationView['recorded']>, style: Style): string[] {
  return [`came at ${style.time(recorded.received_at)}`, ...resultLines(recorded, style)];
}

function ruleText(rule: ExplainedRule, style: Style): string {
  const { paint, time, times } = style;
  const { outcome, key, reason, until, errors = [], conditions, sends } = rule;
  const head = [
    paint('bold', harmless(rule.rule)),
    outcomeText(outcome, paint),
    ...(until === undefined ? [] : [`until ${time(until)}`]),
    ...(reason === undefined ? [] : [times(harmless(reason))]),
  ];
  return [
    head.join('  '),
    ...(key === undefined ? [] : [`  key ${harmless(key)}`]),
    ...errors.filter((error) => error !== reason).map((error) => `  ${paint('red', '!')} ${harmless(error)}`),
    ...(conditions.length === 0 ? [] : [conditionTable(conditions, paint)]),
    ...sends.flatMap((send) => sendLines(send, style)),
  ].join('\n');
}

function conditionTable(conditions: readonly ConditionView[], paint: Paint): string {
  return table(
    conditions.map((condition) => [
      `  ${condition.holds ? paint('green', '✓') : paint('red', '✗')} ${nesting(condition)}${harmless(condition.path)}`,
      wanted(condition),
      actually(condition),
    ]),
  );
}

/** Operators whose `expected` text already names the group. */
const GROUPS: ReadonlySet<string> = new Set(['any', 'all', 'none']);

function wanted({ operator, expected }: ConditionView): string {
  return GROUPS.has(operator) ? harmless(String(expected)) : `${operator} ${shown(expected)}`;
}

/** Indentation of a condition inside groups. */
function nesting({ within }: ConditionView): string {
  return within === undefined ? '' : '  '.repeat(within.split('].').length);
}

function actually({ operator, actual, missing, error }: ConditionView): string {
  if (GROUPS.has(operator)) return harmless(String(actual));
  if (error !== undefined) return `failed: ${harmless(error)}`;
  if (missing === undefined) return `is ${shown(actual)}`;
  return missing === true ? 'is missing' : `needs ${harmless(missing)}, which is missing`;
}

/** Value as JSON, so that 5 and "5" differ. */
function shown(value: unknown): string {
  return harmless(cut(JSON.stringify(value) ?? 'null', MAX_VALUE_LENGTH));
}

function sendLines(send: ExplainedSend, style: Style): string[] {
  const { channel, message, at, retries } = send;
  const { paint, time } = style;
  const to = message.to === undefined ? '' : ` to ${message.to.join(', ')}`;
  const body = cut(harmless(message.body).trim(), MAX_BODY_LENGTH);
  return [
    `  ${paint('green', '→')} ${paint('bold', channel)}${harmless(to)} at ${time(at)}: ${cut(harmless(message.title), MAX_TITLE_LENGTH)}`,
    ...(body === '' ? [] : [`      ${body}`]),
    ...keptBackText(send, style).map((text) => `      ${text}`),
    `      ${paint('grey', retries.length === 0 ? 'no retry if it fails' : `retries at ${retryTimes([at, ...retries].map(time))} if it fails`)}`,
  ];
}

/** Times of the retries, after that of the first attempt; the date is shown where it changes. */
function retryTimes([first, ...retries]: readonly string[]): string {
  return retries
    .map((time, index) => (time.slice(0, 10) === (retries[index - 1] ?? first)!.slice(0, 10) ? time.slice(11) : time))
    .map((time) => time.replace(/\.\d+Z$/, 'Z'))
    .join(', ');
}
