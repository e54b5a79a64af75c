import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { singleKeys } from './settings.ts';

/** One shortcut: a key (`j`, `?`, `Escape`) or two after each other (`g e`), and its line in the help. */
export interface Shortcut {
  readonly keys: string;
  readonly label: string;
  run(): void;
}

/** Time for the second key of a pair. */
const PAIR_MS = 1_000;

/** Shortcuts of the components on the screen; the one that was added last wins. */
export const shortcuts = signal<readonly Shortcut[]>([]);

/** Adds shortcuts as long as the component is on the screen. `deps` as for `useEffect`. */
export function useShortcuts(given: readonly Shortcut[], deps: readonly unknown[]): void {
  useEffect(() => {
    shortcuts.value = [...shortcuts.value, ...given];
    return () => {
      shortcuts.value = shortcuts.value.filter((one) => !given.includes(one));
    };
  }, [...deps]);
}

let first: { readonly key: string; readonly at: number } | undefined;

/** Listens for shortcuts on the whole page. Keys that a field or a dialog takes are left alone. */
export function listenForShortcuts(): void {
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (singleKeys.value === 'off' && event.key !== '?') return;
    const pair = first !== undefined && event.timeStamp - first.at < PAIR_MS ? `${first.key} ${event.key}` : undefined;
    first = undefined;
    const found = find(pair) ?? find(event.key);
    if (found !== undefined) {
      event.preventDefault();
      found.run();
    } else if (shortcuts.value.some(({ keys }) => keys.startsWith(`${event.key} `)))
      first = { key: event.key, at: event.timeStamp };
  });
}

function find(keys: string | undefined): Shortcut | undefined {
  return keys === undefined ? undefined : shortcuts.value.findLast((one) => one.keys === keys);
}

function isTyping({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.closest('dialog[open]') !== null) return true;
  const isField = target.matches('input, textarea, select, [contenteditable]');
  // Enter and the space bar press the button or the link that has the focus.
  return isField || ((key === 'Enter' || key === ' ') && target.matches('a, button, summary'));
}
