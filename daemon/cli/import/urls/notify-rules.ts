import type { Draft, Place } from '../draft.ts';

/** Channels of one URL, and the tags by which they are chosen. */
export interface Tagged {
  readonly channels: readonly string[];
  readonly tags: readonly string[];
  readonly place: Place;
}

/** Type of the events for which the rules notify. */
const EVENT_TYPE = 'notify';

const MESSAGE = {
  title: '{{ data.title | default: "Notification" }}',
  body: '{{ data.body | default: "" }}',
  priority: '{{ data.priority | default: "normal" }}',
};

/** Tag of an event that chooses all channels, and tag of a channel that every event chooses. https://github.com/caronc/apprise/wiki/CLI_Usage */
const ALL = 'all';
const ALWAYS = 'always';

/**
 * Adds the rules that send what `belfry emit notify` says: one for each set of tags, so that a channel gets an event with several of
 * its tags once. Without tags anywhere it is one rule for all channels.
 */
export function addNotifyRules(list: readonly Tagged[], draft: Draft): void {
  const found = list.filter(({ channels }) => channels.length > 0);
  const bySet = new Map<string, readonly Tagged[]>();
  for (const one of found) {
    const set = JSON.stringify([...new Set(one.tags)].toSorted((a, b) => (a < b ? -1 : 1)));
    bySet.set(set, [...(bySet.get(set) ?? []), one]);
  }
  const isTagged = found.some(({ tags }) => tags.length > 0);
  for (const same of bySet.values()) {
    const { tags, place } = same[0]!;
    const isAlways = !isTagged || tags.includes(ALWAYS);
    const match = isAlways
      ? {}
      : { 'data.tags': tags.length === 0 ? [{ exists: false }, ALL] : [...new Set([...tags, ALL])] };
    const example = isAlways || tags.length === 0 ? '' : ` tags=${tags[0]!}`;
    draft.add(
      'rules',
      tags.length === 0 ? EVENT_TYPE : tags.join('-'),
      { on: 'api', match: { type: EVENT_TYPE, ...match }, notify: same.flatMap(({ channels }) => channels) },
      `belfry emit ${EVENT_TYPE} title="..." body="..."${example}`,
      place,
    );
  }
  if (found.length > 0) draft.useMessage(MESSAGE);
}
