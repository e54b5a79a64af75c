import type { DeliveryView } from '../../http/daemon-api.ts';
import { exchangeLines } from './exchange.ts';
import type { Style } from './style.ts';
import { harmless, harmlessLines, indented, type Paint } from './terminal.ts';

/** Text of one delivery: its state, the reason why it waits, its attempts and its receipt; with its message if the daemon gave it. */
export function deliveryText(delivery: DeliveryView, style: Style, withMessage = false): string {
  const { id, rule, channel, state, attempts, receipt, next_at: next, created_at: created, message } = delivery;
  const { paint, time } = style;
  const tried = attempts.map(
    ({ at, ms, code, message: text = '' }) =>
      `  ${time(at)}  ${ms} ms  ${code === undefined ? 'ok' : `${code}: ${harmless(text)}`}`,
  );
  return [
    `${id}  ${channel}  ${rule}  ${deliveryState(state, paint)}${next === undefined ? '' : `  next at ${time(next)}`}`,
    ...(created === undefined ? [] : [`  ${time(created)}  created`]),
    ...tried,
    ...keptBackText(delivery, style).map((text) => `  ${text}`),
    ...(receipt === undefined ? [] : [`  receipt: ${harmless(JSON.stringify(receipt))}`]),
    ...exchangeLines(delivery),
    ...(withMessage && message !== undefined ? [indented(messageText(message, paint))] : []),
  ].join('\n');
}

function messageText({ title, body }: NonNullable<DeliveryView['message']>, paint: Paint): string {
  return [paint('bold', harmless(title)), ...(body === '' ? [] : [indented(harmlessLines(body))])].join('\n');
}

/** State in its colour. */
export function deliveryState(state: DeliveryView['state'], paint: Paint): string {
  return paint(state === 'delivered' ? 'green' : state === 'dead' ? 'red' : 'yellow', state);
}

/** Code and message of the last attempt, after two spaces; empty if it did not fail. */
export function lastError({ attempts }: DeliveryView): string {
  const last = attempts.at(-1);
  return last?.code === undefined ? '' : `  ${last.code}: ${harmless(last.message ?? '')}`;
}

/** `held: pager misconfigured (http.401) since 2026-11-23 17:00:05: invalid key; belfry channel test pager`, if a channel keeps it back. */
export function keptBackText(
  { channel, reason, mend }: Pick<DeliveryView, 'channel' | 'reason' | 'mend'>,
  { paint, times }: Style,
): readonly string[] {
  if (reason === undefined) return [];
  // A channel that fails recovers by itself, so it has no `mend`.
  const what = mend === undefined ? 'waits' : 'held';
  return [
    `${paint('yellow', what)}: ${harmless(channel)} ${times(harmless(reason))}${mend === undefined ? '' : `; ${mend}`}`,
  ];
}
