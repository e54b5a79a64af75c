import type { Delivery } from '../../core/delivery/delivery.ts';
import { changeOf } from '../../core/message/alert-button.ts';
import type { Action, AlertButton, Message } from '../../core/message/message.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import type { OutgoingMessage } from '../../delivery/lane/deps.ts';
import { BUTTON_PATH } from '../../http/buttons/path.ts';
import type { ButtonTokens } from './token.ts';

export interface OutgoingDeps {
  readonly tokens: Pick<ButtonTokens, 'sign'>;
  readonly live: () => Ruleset;
  /** Whether a channel gets presses of its own buttons. */
  readonly hasButtons: (channel: string) => boolean;
}

/**
 * Makes the message of an attempt: its alert buttons get their tokens and links. They are made anew for each attempt and stored nowhere, so
 * that a person who may only read the history cannot press a button. A button that could not be pressed is left out.
 */
export function outgoingMessages(deps: OutgoingDeps): (delivery: Delivery) => OutgoingMessage {
  return (delivery) => {
    const { message } = delivery;
    const { actions } = message;
    if (actions === undefined) return { message: message as Message, secrets: [] };
    const secrets: string[] = [];
    const made = actions.flatMap((action): readonly Action[] => {
      if (!isAlertButton(action)) return [action];
      const button = buttonOf(action, delivery, deps);
      if (button?.press === undefined) return [];
      secrets.push(button.press);
      return [deps.hasButtons(delivery.channel) ? button : { label: button.label, url: button.url }];
    });
    const { actions: _, ...rest } = message;
    return { message: made.length === 0 ? rest : { ...rest, actions: made }, secrets };
  };
}

const isAlertButton = (action: Action | AlertButton): action is AlertButton => 'do' in action;

function buttonOf({ label, do: text }: AlertButton, { id, channel }: Delivery, deps: OutgoingDeps): Action | undefined {
  const change = changeOf(text);
  const token = change === undefined ? undefined : deps.tokens.sign({ delivery: id, change });
  const base = deps.live().daemon.publicUrl;
  if (token === undefined || (base === undefined && !deps.hasButtons(channel))) return undefined;
  return { label, url: base === undefined ? '' : `${base.replace(/\/+$/, '')}${BUTTON_PATH}${token}`, press: token };
}
