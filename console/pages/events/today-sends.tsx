import type { VNode } from 'preact';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { sendTest } from './delivery-line.tsx';
import type { ExplainedRule } from './outcomes.ts';

/** Messages that the rules of today would send, as each channel gets them. */
export function TodaySends(props: { rule: string; event: string; sends: ExplainedRule['sends'] }): VNode {
  const { rule, event, sends } = props;
  const { events } = texts.value;
  return (
    <>
      <h4>{events.wouldSend}</h4>
      {sends.map(({ channel, message }, index) => (
        <div key={`${index} ${channel}`} class="message">
          <p class="message-title">{message.title}</p>
          {message.body !== undefined && <p class="message-body">{message.body}</p>}
          <Action scope="admin" run={() => sendTest(channel, rule, event)}>
            {events.sendTest(channel)}
          </Action>
        </div>
      ))}
    </>
  );
}
