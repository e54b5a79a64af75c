import { useSignal } from '@preact/signals';
import type { ComponentChildren, VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import type { StatusView } from '../../daemon/http/views.ts';
import { connection } from '../api/feed.ts';
import { status } from '../api/status.ts';
import { useShortcuts } from '../lib/keys.ts';
import { go, href, place } from '../lib/router.ts';
import { texts } from '../lib/texts.ts';
import { PAGES, type PageEntry, WALL } from '../pages.ts';
import type { Tone } from '../ui/chip.tsx';
import { Help } from './help.tsx';
import { Preferences } from './preferences.tsx';

/** Number beside the name of a page: what needs a person there. */
const COUNTS: Readonly<Record<string, { readonly tone: Tone; count(): number }>> = {
  alerts: { tone: 'bad', count: () => unacknowledged(status.value) },
  dead: { tone: 'bad', count: () => status.value?.deliveries.dead ?? 0 },
  silences: { tone: 'quiet', count: () => status.value?.silences.active ?? 0 },
  channels: { tone: 'bad', count: () => status.value?.channels.filter(({ state }) => state !== 'ok').length ?? 0 },
  sources: { tone: 'bad', count: () => status.value?.sources.filter(({ state }) => state !== 'running').length ?? 0 },
  rules: { tone: 'bad', count: () => status.value?.files.filter(({ state }) => state === 'kept').length ?? 0 },
};

/** Alerts that nobody has acknowledged. */
function unacknowledged(found: StatusView | undefined): number {
  return found === undefined ? 0 : found.alerts.firing - found.alerts.acknowledged;
}

/** Navigation, and the page beside it. */
export function Shell({ current, children }: { current: PageEntry | undefined; children: ComponentChildren }): VNode {
  const isHelp = useSignal(false);
  const isMenu = useSignal(false);
  const { common, keys } = texts.value;
  useEffect(() => {
    isMenu.value = false;
    scrollTo({ top: 0 });
  }, [place.value.path.join('/')]);
  useShortcuts(
    [
      ...[...PAGES, WALL].map(({ key, name, title }) => ({
        keys: `g ${key}`,
        label: keys.goTo(title(texts.value)),
        run: () => go(name === '' ? [] : [name]),
      })),
      { keys: '?', label: keys.help, run: () => (isHelp.value = true) },
    ],
    [keys],
  );
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>('main h1')?.focus();
        }}
      >
        {common.skip}
      </a>
      <header class="bar">
        <a class="brand" href="#/">
          Belfry
        </a>
        <Connected />
        <button
          type="button"
          class="plain bar-menu"
          aria-expanded={isMenu.value}
          aria-controls="navigation"
          onClick={() => (isMenu.value = !isMenu.value)}
        >
          ☰ {common.menu}
        </button>
      </header>
      <nav id="navigation" class={isMenu.value ? 'nav nav-open' : 'nav'} aria-label={common.navigation}>
        <ul>
          {PAGES.map((page) => (
            <NavItem key={page.name} page={page} isCurrent={page === current} />
          ))}
        </ul>
        <Preferences onHelp={() => (isHelp.value = true)} />
      </nav>
      <main id="main">{children}</main>
      {isHelp.value && <Help onClose={() => (isHelp.value = false)} />}
    </div>
  );
}

function NavItem({ page, isCurrent }: { page: PageEntry; isCurrent: boolean }): VNode {
  const counted = COUNTS[page.name];
  const count = counted?.count() ?? 0;
  return (
    <li>
      <a href={href(page.name === '' ? [] : [page.name])} {...(isCurrent && { 'aria-current': 'page' as const })}>
        {page.title(texts.value)}
        {counted !== undefined && count > 0 && (
          <span class={`count count-${counted.tone}`}>{count > 9_999 ? '9999+' : count}</span>
        )}
      </a>
    </li>
  );
}

/** Says when the daemon does not answer. What the page shows is then old. */
function Connected(): VNode {
  const { common } = texts.value;
  const state = connection.value;
  const text = { open: common.live, connecting: common.connecting, lost: common.lost }[state];
  return (
    <span class={`connected connected-${state}`} role="status">
      {text}
    </span>
  );
}
