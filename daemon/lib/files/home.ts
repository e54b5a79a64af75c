import { homedir } from 'node:os';

/** A path in which a leading `~` stands for the home of the user that runs this. */
export function atHome(place: string): string {
  return place === '~' || place.startsWith('~/') ? `${homedir()}${place.slice(1)}` : place;
}
