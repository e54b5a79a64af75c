import type { VNode } from 'preact';
import { shortcuts } from '../lib/keys.ts';
import { singleKeys } from '../lib/settings.ts';
import { texts } from '../lib/texts.ts';
import { Dialog } from '../ui/dialog.tsx';

/** The shortcuts of what is on the screen. */
export function Help({ onClose }: { onClose: () => void }): VNode {
  const unique = new Map(shortcuts.value.map((one) => [one.keys, one.label]));
  return (
    <Dialog title={texts.value.keys.title} onClose={onClose}>
      <dl class="keys">
        {[...unique].map(([keys, label]) => (
          <div key={keys}>
            <dt>
              {keys.split(' ').map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
      <label class="keys-on">
        <input
          type="checkbox"
          checked={singleKeys.value === 'on'}
          onChange={({ currentTarget }) => (singleKeys.value = currentTarget.checked ? 'on' : 'off')}
        />
        {texts.value.keys.on}
      </label>
    </Dialog>
  );
}
