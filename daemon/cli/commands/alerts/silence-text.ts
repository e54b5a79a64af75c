import type { MadeSilenceView, SilenceExample, SilencePlanView } from '../../../http/daemon-api.ts';
import { counted } from '../../../lib/counted.ts';
import type { Style } from '../../render/style.ts';
import { harmless, table } from '../../render/terminal.ts';

/** A silence that was made, and what it would have silenced. */
export function madeText(
  { id, state, until, active_until: window, from, would_silence: would, warnings = [] }: MadeSilenceView,
  { times }: Style,
): string {
  const when = state === 'active' ? `active until ${window}` : from === undefined ? state : `pending until ${from}`;
  const more = would.partial === true ? 'at least ' : '';
  const end = until !== undefined && until !== window ? `, ends at ${until}` : '';
  return [
    `${id}  ${times(`${when}${end}`)}`,
    `  would silence ${more}${would.alerts} of the firing alerts, and ${more}${counted(would.events, 'event')} of the last 24 h`,
    ...remarks(would.error, warnings),
  ].join('\n');
}

/** Preview of a silence, with its latest events in a table. */
export function planText(
  { alerts, matched, notifications, examples, partial, error, warnings }: SilencePlanView,
  style: Style,
): string {
  const more = partial === true ? 'at least ' : '';
  return [
    `would have silenced ${more}${counted(matched, 'event')} and ${more}${counted(notifications, 'notification')} in the last 24 h, and ${more}${alerts} of the firing alerts`,
    ...remarks(error, warnings),
    ...(examples.length === 0 ? [] : [exampleTable(examples, style)]),
    'nothing was made',
  ].join('\n');
}

function exampleTable(examples: readonly SilenceExample[], { time }: Style): string {
  const rows = examples.map(({ event, time: at, rule, key, subject = '', outcome, notified }) => [
    time(at),
    harmless(event),
    rule,
    harmless(key),
    harmless(subject),
    outcome,
    notified.join(', '),
  ]);
  return table([['TIME', 'EVENT', 'RULE', 'KEY', 'SUBJECT', 'OUTCOME', 'NOTIFIED'], ...rows]);
}

function remarks(error: string | undefined, warnings: readonly string[] = []): readonly string[] {
  return [
    ...(error === undefined
      ? []
      : [`  its condition fails for some of them and does not silence these: ${harmless(error)}`]),
    ...warnings.map((text) => `  warning: ${harmless(text)}`),
  ];
}
