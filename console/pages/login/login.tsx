import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { call } from '../../api/client.ts';
import { logIn, logOut, refusal } from '../../api/session.ts';
import { place } from '../../lib/router.ts';
import { texts } from '../../lib/texts.ts';
import { messageOf } from '../../ui/action.tsx';

/** Login by a pasted token, or by the ticket in the address that `belfry console` prints. `message`: why a token is of no use here. */
export function Login({ message }: { message?: string }): VNode {
  const { login } = texts.value;
  const typed = useSignal('');
  const fault = useSignal<string | undefined>(undefined);
  const { ticket } = place.value.query;
  useEffect(() => {
    if (place.value.path[0] !== 'login' || ticket === undefined) return;
    redeem(ticket).catch((error: unknown) => {
      fault.value = messageOf(error);
      leave();
    });
  }, [ticket]);
  const shown = fault.value ?? message ?? refusal.value;
  return (
    <main class="alone">
      <form
        class="login"
        onSubmit={(event) => {
          event.preventDefault();
          logIn(typed.value.trim());
          leave();
        }}
      >
        <h1>Belfry</h1>
        {shown !== undefined && (
          <p class="failed" role="alert">
            {shown}
          </p>
        )}
        <label>
          {login.token}
          <input
            type="password"
            name="token"
            required
            autoComplete="off"
            value={typed.value}
            onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
          />
        </label>
        <button type="submit" class="primary">
          {login.logIn}
        </button>
        <p class="hint">{login.hint}</p>
        <pre class="code">belfry console</pre>
        {message !== undefined && (
          <button type="button" class="plain" onClick={() => logOut()}>
            {texts.value.common.logOut}
          </button>
        )}
      </form>
    </main>
  );
}

/** Exchanges a ticket for the token of a session. The ticket leaves the address first: it must not stay in the history. */
async function redeem(ticket: string): Promise<void> {
  history.replaceState(null, '', '#/login');
  const { token } = await call<{ token: string }>('POST', '/v1/console/login', { body: { ticket } });
  logIn(token);
  leave();
}

function leave(): void {
  if (place.value.path[0] === 'login' || location.hash.startsWith('#/login')) location.hash = '#/';
}
