import type { PressAnswer } from '../../channels/channel.ts';
import type { Act } from '../../core/alerts/press.ts';
import { changeOf, type ButtonChange } from '../../core/message/alert-button.ts';
import { formatDuration } from '../../lib/time/duration.ts';
import type { ButtonView } from '../../http/daemon-api.ts';

/** Answer to a press of a button in a chat. `name`: the person who pressed it. */
export function answerTo(view: ButtonView, name: string): PressAnswer {
  if (view.kind === 'unknown') return refused('This button does not belong here: nothing was changed.', 'nothing');
  if (view.kind === 'forgotten') return refused(TOO_OLD, 'button');
  const { state, change } = view;
  switch (state.kind) {
    case 'done': {
      const ends = change.verb === 'resolve' ? 'alert' : 'button';
      return { text: textOf({ ...state.act, by: name }, change), isDone: true, ends };
    }
    case 'used':
    case 'already':
      return { text: textOf(state.act, change), isDone: false, ends: 'button' };
    case 'over':
      return refused('This alert is over: nothing was changed.', 'alert');
    case 'expired':
      return refused(TOO_OLD, 'button');
    case 'too_many':
      return refused('There are too many silences: let one end first.', 'nothing');
    case 'open':
      return refused('Nothing was changed: press again.', 'nothing');
  }
}

const TOO_OLD = 'This button is too old: nothing was changed.';

const refused = (text: string, ends: PressAnswer['ends']): PressAnswer => ({ text, isDone: false, ends });

/** Participle of a change, and the person: `Silenced for 1h by @ann`. */
function textOf({ change: text, by }: Act, fallback: ButtonChange): string {
  const change = changeOf(text) ?? fallback;
  const done =
    change.verb === 'silence'
      ? `Silenced for ${formatDuration(change.ms)}`
      : change.verb === 'ack'
        ? 'Acknowledged'
        : 'Ended';
  return by === undefined ? done : `${done} by ${by}`;
}
