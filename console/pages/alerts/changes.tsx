import type { ComponentChildren, VNode } from 'preact';
import type { NotifiedAlertView } from '../../../daemon/http/views.ts';
import { call } from '../../api/client.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';

export type Verb = 'ack' | 'unack' | 'resolve';
type AlertName = Pick<NotifiedAlertView, 'rule' | 'key'>;

/** Changes one alert. The key is in the body, because a path cannot hold every key. Resolves to the text of a notice. */
export async function change(verb: Verb, { rule, key }: AlertName, note = ''): Promise<string> {
  await call('POST', `/v1/alerts/${verb}`, { body: { rule, key, ...(note.trim() !== '' && { note }) } });
  return texts.value.alerts.done[verb](key === '' ? rule : key);
}

/** Button of a change. */
export function ChangeButton(props: {
  verb: Verb;
  alert: AlertName;
  note?: string;
  kind?: 'primary' | 'danger';
  children: ComponentChildren;
  onDone?: () => void;
}): VNode {
  const { verb, alert, note, kind, children, onDone } = props;
  const run = async (): Promise<string> => {
    const done = await change(verb, alert, note);
    onDone?.();
    return done;
  };
  return (
    <Action scope="ack" run={run} {...(kind !== undefined && { kind })}>
      {children}
    </Action>
  );
}
