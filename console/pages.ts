import type { ComponentType } from 'preact';
import { Alerts } from './pages/alerts/alerts.tsx';
import { Channels } from './pages/channels/channels.tsx';
import { Dead } from './pages/dead/dead.tsx';
import { Deliveries } from './pages/deliveries/deliveries.tsx';
import { Events } from './pages/events/events.tsx';
import { Home } from './pages/home/home.tsx';
import { Play } from './pages/play/play.tsx';
import { Rules } from './pages/rules/rules.tsx';
import { Silences } from './pages/silences/silences.tsx';
import { Sources } from './pages/sources/sources.tsx';
import { Wall } from './pages/wall/wall.tsx';
import type { Texts } from './texts/en.ts';

/** One page of the console. */
export interface PageEntry {
  /** First segment of the address; empty for the first page. */
  readonly name: string;
  readonly title: (texts: Texts) => string;
  /** Shortcut that goes there: `g` and this key. */
  readonly key: string;
  readonly component: ComponentType;
}

/** Sections of the texts that begin with the title of a page. */
type Titled = { [Name in keyof Texts]: Texts[Name] extends { readonly title: string } ? Name : never }[keyof Texts];

const page = (section: Titled, key: string, component: ComponentType, name: string = section): PageEntry => ({
  name,
  key,
  component,
  title: (texts) => texts[section].title,
});

/** All pages, in the order of the navigation. */
export const PAGES: readonly PageEntry[] = [
  page('home', 'h', Home, ''),
  page('alerts', 'a', Alerts),
  page('events', 'e', Events),
  page('deliveries', 'd', Deliveries),
  page('dead', 'x', Dead),
  page('silences', 's', Silences),
  page('channels', 'c', Channels),
  page('sources', 'o', Sources),
  page('rules', 'r', Rules),
  page('play', 'p', Play),
];

/** View without the navigation. */
export const WALL: PageEntry = page('wall', 'w', Wall);
