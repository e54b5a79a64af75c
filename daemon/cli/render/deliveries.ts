import type { DeliveryView } from '../../http/daemon-api.ts';
import type { Style } from './style.ts';
import { harmless, type Paint } from './terminal.ts';

/** Text of one delivery: its state, attempts and receipt. */
export function deliveryText(
  { id, rule, channel, state, attempts, receipt, next_at: next }: DeliveryView,
  { paint, time }: Style,
): string {
  const tried = attempts.map(
    ({ at, ms, code, message = '' }) =>
      `  ${time(at)}  ${ms} ms  ${code === undefined ? 'ok' : `${code}: ${harmless(message)}`}`,
  );
  return [
    `${id}  ${channel}  ${rule}  ${deliveryState(state, paint)}${next === undefined ? '' : `  next at ${time(next)}`}`,
    ...tried,
    ...(receipt === undefined ? [] : [`  receipt: ${harmless(JSON.stringify(receipt))}`]),
  ].join('\n');
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
