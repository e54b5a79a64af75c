import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { call } from '../../api/client.ts';
import { path } from '../../api/paths.ts';
import { texts } from '../../lib/texts.ts';
import { Action } from '../../ui/action.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { SuggestedField } from './suggested-field.tsx';

const LENGTHS = ['30m', '2h', '8h', '1d'] as const;

/** Holds a channel for a time, with a reason that everybody sees. */
export function HoldDialog({ channel, onClose }: { channel: string; onClose: () => void }): VNode {
  const { channels, common } = texts.value;
  const length = useSignal('2h');
  const reason = useSignal('');
  const hold = async (): Promise<string> => {
    const body = {
      ...(length.value.trim() !== '' && { for: length.value.trim() }),
      ...(reason.value.trim() !== '' && { reason: reason.value.trim() }),
    };
    await call('POST', path('channels', channel, 'hold'), { body });
    onClose();
    return channels.isHeld;
  };
  return (
    <Dialog title={channels.holdTitle(channel)} onClose={onClose}>
      <form class="form" onSubmit={(event) => event.preventDefault()}>
        <p class="soft">{channels.holdMore}</p>
        <SuggestedField
          name="for"
          label={channels.holdFor}
          value={length.value}
          placeholder={channels.holdForever}
          of={LENGTHS.map((value) => ({ value }))}
          onInput={(value) => (length.value = value)}
        />
        <label>
          {channels.reason}
          <input
            name="reason"
            autoComplete="off"
            value={reason.value}
            onInput={({ currentTarget }) => (reason.value = currentTarget.value)}
          />
        </label>
        <div class="form-end">
          <button type="button" onClick={onClose}>
            {common.cancel}
          </button>
          <Action scope="admin" run={hold} kind="primary">
            {channels.holdNow}
          </Action>
        </div>
      </form>
    </Dialog>
  );
}
