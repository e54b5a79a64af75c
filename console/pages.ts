import type { ComponentType } from 'preact';
import type { Texts } from './texts/en.ts';

/** One page of the console. Its code is loaded when it is opened for the first time. */
export interface PageEntry {
  /** First segment of the address; empty for the first page. */
  readonly name: string;
  readonly title: (texts: Texts) => string;
  /** Shortcut that goes there: `g` and this key. */
  readonly key: string;
  load(): Promise<ComponentType>;
}

/** All pages, in the order of the navigation. */
export const PAGES: readonly PageEntry[] = [
  { name: '', title: (t) => t.home.title, key: 'h', load: async () => (await import('./pages/home/home.tsx')).Home },
  {
    name: 'alerts',
    title: (t) => t.alerts.title,
    key: 'a',
    load: async () => (await import('./pages/alerts/alerts.tsx')).Alerts,
  },
  {
    name: 'events',
    title: (t) => t.events.title,
    key: 'e',
    load: async () => (await import('./pages/events/events.tsx')).Events,
  },
  {
    name: 'deliveries',
    title: (t) => t.deliveries.title,
    key: 'd',
    load: async () => (await import('./pages/deliveries/deliveries.tsx')).Deliveries,
  },
  {
    name: 'dead',
    title: (t) => t.dead.title,
    key: 'x',
    load: async () => (await import('./pages/dead/dead.tsx')).Dead,
  },
  {
    name: 'silences',
    title: (t) => t.silences.title,
    key: 's',
    load: async () => (await import('./pages/silences/silences.tsx')).Silences,
  },
  {
    name: 'channels',
    title: (t) => t.channels.title,
    key: 'c',
    load: async () => (await import('./pages/channels/channels.tsx')).Channels,
  },
  {
    name: 'sources',
    title: (t) => t.sources.title,
    key: 'o',
    load: async () => (await import('./pages/sources/sources.tsx')).Sources,
  },
  {
    name: 'rules',
    title: (t) => t.rules.title,
    key: 'r',
    load: async () => (await import('./pages/rules/rules.tsx')).Rules,
  },
  {
    name: 'play',
    title: (t) => t.play.title,
    key: 'p',
    load: async () => (await import('./pages/play/play.tsx')).Play,
  },
];

/** Views without the navigation. */
export const WALL: PageEntry = {
  name: 'wall',
  title: (t) => t.wall.title,
  key: 'w',
  load: async () => (await import('./pages/wall/wall.tsx')).Wall,
};
