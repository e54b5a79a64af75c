import type { PressOutcome } from '../../core/alerts/press.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import type { ButtonChange } from '../../core/message/alert-button.ts';

/** Buttons of messages. A token is the permission to press one button once. */
export interface ButtonApi {
  /** Whether this daemon has signed the token. Costs no access to the store. */
  isSigned(token: string): boolean;
  /** State of a button. Changes nothing. */
  look(token: string): Promise<ButtonView>;
  /** Presses a button. Resolves when the change is on disk. */
  press(token: string, presser: Presser): Promise<ButtonView>;
}

export interface Presser {
  /** Name that a provider gives; undefined for a person who opened a link. */
  readonly name?: string;
  /** IP address of a person who opened a link. */
  readonly address?: string;
  /** Whether the person may press the buttons of this delivery. */
  readonly mayPress?: (delivery: Delivery) => boolean;
}

export type ButtonView =
  /** The token was not signed by this daemon, or the person may not use it. */
  | { readonly kind: 'unknown' }
  /** The history does not have the message any more. */
  | { readonly kind: 'forgotten' }
  | {
      readonly kind: 'found';
      readonly change: ButtonChange;
      readonly rule: string;
      readonly key: string;
      /** Title of the message. */
      readonly title: string;
      readonly state: PressOutcome;
    };
