import type { VNode } from 'preact';
import type { ChannelTestView } from '../../../daemon/http/daemon-api.ts';
import type { EventView } from '../../../daemon/http/views.ts';
import { call } from '../../api/client.ts';
import { path } from '../../api/paths.ts';
import { useResource } from '../../api/resource.ts';
import { place, setQuery } from '../../lib/router.ts';
import { short, now } from '../../lib/time.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SuggestedField } from './suggested-field.tsx';

const EVENTS = '50';

export interface TestDialogProps {
  readonly channel: string;
  readonly onClose: () => void;
  readonly onTested: (result: ChannelTestView) => void;
}

/** Sends a past event by a rule to the channel, as its message would be. The rule and the event stand in the address. */
export function TestDialog({ channel, onClose, onTested }: TestDialogProps): VNode {
  const { channels, common } = texts.value;
  const { rule = '', event = '' } = place.value.query;
  const rules = useResource<{ rules: readonly { readonly name: string }[] }>('/v1/rules', {
    query: { text: 'false' },
    live: false,
  });
  const past = useResource<{ events: readonly EventView[] }>('/v1/events', {
    query: { limit: EVENTS, ...(rule !== '' && { rule }) },
    live: false,
  });
  const send = async (): Promise<void> => {
    const body = { rule, id: event.trim() };
    onTested(await call('POST', path('channels', channel, 'test'), { body }));
    onClose();
  };
  return (
    <Dialog title={channels.testTitle(channel)} onClose={onClose}>
      <form class="form" onSubmit={(given) => given.preventDefault()}>
        <p class="soft">{channels.testEventMore}</p>
        <SuggestedField
          name="rule"
          label={channels.rule}
          value={rule}
          of={(rules.value.value?.rules ?? []).map(({ name }) => ({ value: name }))}
          onInput={(value) => setQuery({ rule: value }, { replace: true })}
        />
        <SuggestedField
          name="event"
          label={channels.event}
          value={event}
          placeholder={channels.eventId}
          of={(past.value.value?.events ?? []).map(({ id, type, subject = '', received_at: at }) => ({
            value: id,
            label: `${short(at, now.value)} ${type} ${subject}`,
          }))}
          onInput={(value) => setQuery({ event: value }, { replace: true })}
        />
        <div class="form-end">
          <button type="button" onClick={onClose}>
            {common.cancel}
          </button>
          <Action scope="admin" run={send} kind="primary" disabled={rule === '' || event.trim() === ''}>
            {channels.send}
          </Action>
        </div>
      </form>
    </Dialog>
  );
}
