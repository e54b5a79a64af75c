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

/** All pages, in the order of the navigation. */
export const PAGES: readonly PageEntry[] = [
  { name: '', title: (t) => t.home.title, key: 'h', component: Home },
  {
    name: 'alerts',
    title: (t) => t.alerts.title,
    key: 'a',
    component: Alerts,
  },
  {
    name: 'events',
    title: (t) => t.events.title,
    key: 'e',
    component: Events,
  },
  {
    name: 'deliveries',
    title: (t) => t.deliveries.title,
    key: 'd',
    component: Deliveries,
  },
  {
    name: 'dead',
    title: (t) => t.dead.title,
    key: 'x',
    component: Dead,
  },
  {
    name: 'silences',
    title: (t) => t.silences.title,
    key: 's',
    component: Silences,
  },
  {
    name: 'channels',
    title: (t) => t.channels.title,
    key: 'c',
    component: Channels,
  },
  {
    name: 'sources',
    title: (t) => t.sources.title,
    key: 'o',
    component: Sources,
  },
  {
    name: 'rules',
    title: (t) => t.rules.title,
    key: 'r',
    component: Rules,
  },
  {
    name: 'play',
    title: (t) => t.play.title,
    key: 'p',
    component: Play,
  },
];

/** Views without the navigation. */
export const WALL: PageEntry = {
  name: 'wall',
  title: (t) => t.wall.title,
  key: 'w',
  component: Wall,
};
