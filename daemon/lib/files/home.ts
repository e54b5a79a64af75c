import { homedir } from 'node:os';

/** Replaces a leading `~` of a path by the home of the current user. */
export function atHome(place: string): string {
  return place === '~' || place.startsWith('~/') ? `${homedir()}${place.slice(1)}` : place;
}
