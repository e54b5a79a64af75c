import type { VNode } from 'preact';
import { place } from '../../lib/router.ts';
import { EventPage } from './event.tsx';
import { EventList } from './event-list.tsx';

/** History of events, or one event at `#/events/ID`. */
export function Events(): VNode {
  const [, id] = place.value.path;
  return id === undefined ? <EventList /> : <EventPage key={id} id={id} />;
}
