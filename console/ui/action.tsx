import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { ApiError } from '../api/client.ts';
import { touch } from '../api/feed.ts';
import { may } from '../api/session.ts';
import { notify } from './notice.tsx';

/** Button of a call that changes something. It is not there if the token lacks the scope; an error is shown as a notice. */
export function Action(props: {
  scope: 'ack' | 'admin' | 'read';
  /** Resolves to the text of a notice, or to nothing. */
  run: () => Promise<string | void>;
  children: ComponentChildren;
  kind?: 'primary' | 'danger';
  disabled?: boolean;
  title?: string;
}): VNode | null {
  const { scope, run, children, kind, disabled = false, title } = props;
  const isBusy = useSignal(false);
  if (!may(scope)) return null;
  const press = (): void => {
    if (isBusy.value) return;
    isBusy.value = true;
    run()
      .then(
        (done) => done !== undefined && notify(done),
        (error: unknown) => notify(messageOf(error), 'bad'),
      )
      .finally(() => {
        isBusy.value = false;
        touch();
      });
  };
  return (
    <button
      type="button"
      class={kind}
      disabled={disabled || isBusy.value}
      aria-busy={isBusy.value}
      title={title}
      onClick={press}
    >
      {children}
    </button>
  );
}

/** Message of an error for people. */
export function messageOf(error: unknown): string {
  return error instanceof ApiError || error instanceof Error ? error.message : String(error);
}
