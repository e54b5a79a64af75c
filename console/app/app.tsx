import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { ApiError } from '../api/client.ts';
import { openFeed } from '../api/feed.ts';
import { readIdentity } from '../api/identity.ts';
import { identity, token } from '../api/session.ts';
import { followStatus } from '../api/status.ts';
import { listenForShortcuts } from '../lib/keys.ts';
import { place } from '../lib/router.ts';
import { texts } from '../lib/texts.ts';
import { PAGES, WALL } from '../pages.ts';
import { Login } from '../pages/login/login.tsx';
import { Notices } from '../ui/notice.tsx';
import { Failed, Loading } from '../ui/states.tsx';
import { Shell } from './shell.tsx';

const RETRY_MS = 2_000;

listenForShortcuts();

/** The console: the login, or the page that the address names. */
export function App(): VNode {
  const isLogin = token.value === undefined || place.value.path[0] === 'login';
  return (
    <>
      {isLogin ? <Login /> : <Session key={token.value} token={token.value!} />}
      <Notices />
    </>
  );
}

/** Pages for a token. Its feed and status are open as long. */
function Session({ token: given }: { token: string }): VNode {
  const fault = useIdentity();
  const owner = identity.value;
  const mayRead = owner !== undefined && owner.scopes.some((scope) => scope === 'admin' || scope === 'read');
  useEffect(() => {
    if (!mayRead) return undefined;
    const stops = [openFeed(given), followStatus()];
    return () => {
      for (const stop of stops) stop();
    };
  }, [given, mayRead]);
  const { login } = texts.value;
  if (owner === undefined)
    return <main class="alone">{fault === undefined ? <Loading /> : <Failed message={fault} />}</main>;
  if (!mayRead) return <Login message={login.noRead(owner.name)} />;
  const [name = ''] = place.value.path;
  if (name === WALL.name) return <WALL.component />;
  const entry = PAGES.find((page) => page.name === name);
  return <Shell current={entry}>{entry === undefined ? <NoPage /> : <entry.component key={name} />}</Shell>;
}

/** Reads the owner of the token, until the daemon answers. Returns why it does not. */
function useIdentity(): string | undefined {
  const fault = useSignal<string | undefined>(undefined);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const controller = new AbortController();
    const read = (): void => {
      readIdentity(controller.signal).then(
        (found) => {
          identity.value = found;
        },
        (error: unknown) => {
          if (controller.signal.aborted) return;
          fault.value = error instanceof ApiError ? error.message : String(error);
          timer = setTimeout(read, RETRY_MS);
        },
      );
    };
    read();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, []);
  return fault.value;
}

function NoPage(): VNode {
  return <Failed message={texts.value.common.noPage} />;
}
