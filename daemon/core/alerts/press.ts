import { formatDuration } from '../../lib/time/duration.ts';
import type { Decision, StateChange } from '../flow/decision.ts';
import type { DecideContext } from '../flow/pipeline.ts';
import { stateOf as rowOf } from '../flow/step.ts';
import { type Alert, alert } from '../flow/steps/alert.ts';
import { storedSilences } from '../flow/steps/silence.ts';
import { type ButtonChange, buttonText } from '../message/alert-button.ts';
import { changeAlerts } from './changes.ts';
import { stateOf } from './silence.ts';
import { silenceChange } from './silence-actions.ts';
import { MAX_SILENCES, readSilenceRequest } from './silence-request.ts';

/** Time for which a button can be pressed, from the creation of its delivery. */
export const BUTTON_LIFETIME_MS = 7 * 86_400_000;

/** Rule and step of the rows of used buttons: no rule has this name, and the key is the delivery and the change. */
const PRESSES = { rule: '', step: 'press' } as const;

/** A button of one delivery. */
export interface DeliveryButton {
  readonly delivery: string;
  readonly rule: string;
  readonly key: string;
  /** Time of creation of the delivery. */
  readonly createdAt: number;
  readonly change: ButtonChange;
}

/** Act of a person: what, when and who. */
export interface Act {
  readonly change: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by?: string;
}

/** State of a button: whether it can still be pressed. */
export type ButtonState =
  | { readonly kind: 'open' }
  /** This button was pressed before. */
  | { readonly kind: 'used'; readonly act: Act }
  /** The alert was acknowledged in another way. */
  | { readonly kind: 'already'; readonly act: Act }
  /** The alert has ended. */
  | { readonly kind: 'over' }
  | { readonly kind: 'expired' };

export type PressOutcome = ButtonState | { readonly kind: 'done'; readonly act: Act } | { readonly kind: 'too_many' };

/** State of a button now. Changes nothing. */
export function buttonState(button: DeliveryButton, { ruleset, memory, now }: DecideContext): ButtonState {
  const { rule: name, key, change, createdAt } = button;
  const used = memory.read(PRESSES.rule, pressKey(button), PRESSES.step) as Act | undefined;
  if (used !== undefined) return { kind: 'used', act: used };
  if (now >= createdAt + BUTTON_LIFETIME_MS) return { kind: 'expired' };
  if (change.verb === 'silence') return { kind: 'open' };
  const rule = ruleset.byName.get(name);
  const firing = rule?.alert === undefined ? undefined : rowOf<Alert>(alert.name, { rule, key, memory });
  // A later alert of the same key is another one, and this message is not about it.
  if (firing === undefined || firing.since > createdAt) return { kind: 'over' };
  const { acknowledged } = firing;
  if (change.verb !== 'ack' || acknowledged === undefined) return { kind: 'open' };
  const { at, by } = acknowledged;
  return { kind: 'already', act: { change: 'ack', at, ...(by !== undefined && { by }) } };
}

export interface Pressed extends Decision {
  readonly outcome: PressOutcome;
}

/** Does what a button says, once: the change and the row of the used button are one decision. */
export function press(button: DeliveryButton, by: string, context: DecideContext): Pressed {
  const state = buttonState(button, context);
  if (state.kind !== 'open') return { results: [], states: [], deliveries: [], outcome: state };
  const { now } = context;
  const act: Act = { change: buttonText(button.change), at: now, by };
  const used: StateChange = {
    ...PRESSES,
    key: pressKey(button),
    value: act,
    expires: button.createdAt + BUTTON_LIFETIME_MS,
  };
  const decision = decisionOf(button, by, context);
  if (decision === undefined) return { results: [], states: [], deliveries: [], outcome: { kind: 'too_many' } };
  return { ...decision, states: [...decision.states, used], outcome: { kind: 'done', act } };
}

/** Decision about the alert or the silence; undefined if there are too many silences. */
function decisionOf({ rule, key, change }: DeliveryButton, by: string, context: DecideContext): Decision | undefined {
  if (change.verb !== 'silence') return changeAlerts(change.verb, { rule, key, by }, context);
  const { memory, ruleset, now, newId } = context;
  const active = storedSilences(memory, ruleset).filter((one) => stateOf(one, now) !== 'expired');
  if (active.length >= MAX_SILENCES) return undefined;
  const posted = { match: { rule, key }, for: formatDuration(change.ms), reason: 'by the button of a message', by };
  const id = newId();
  const read = readSilenceRequest(posted, id, now);
  if (!read.ok) throw new Error(`a silence of a button is not valid: ${JSON.stringify(read.problems)}`);
  const states = [silenceChange(id, read.given, read.silence.until)];
  return { results: [], states, deliveries: [] };
}

/** A used button stays used after the text of its rule has changed. */
const pressKey = ({ delivery, change }: DeliveryButton): string => `${delivery} ${buttonText(change)}`;
