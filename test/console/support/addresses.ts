/** Address of a page for pictures and checks: the part after `#/`, which may need an id of the scenario. */
export interface PageAddress {
  readonly name: string;
  readonly hash: (ids: ScenarioIds) => string;
}

/** Ids of the scenario that addresses need. */
export interface ScenarioIds {
  readonly event: string;
  readonly delivery: string;
  readonly dead: string;
  readonly throttled: string;
  readonly silenced: string;
  readonly unmatched: string;
}

/** Every page, and every view of a page that looks different. */
export const ADDRESSES: readonly PageAddress[] = [
  { name: 'home', hash: () => '' },
  { name: 'wall', hash: () => 'wall' },
  { name: 'alerts', hash: () => 'alerts' },
  { name: 'alerts-one', hash: () => 'alerts/db-1?rule=disk-full' },
  { name: 'events', hash: () => 'events' },
  { name: 'event-dead', hash: ({ event }) => `events/${event}` },
  { name: 'event-throttled', hash: ({ throttled }) => `events/${throttled}` },
  { name: 'event-silenced', hash: ({ silenced }) => `events/${silenced}` },
  { name: 'event-unmatched', hash: ({ unmatched }) => `events/${unmatched}` },
  { name: 'deliveries', hash: () => 'deliveries' },
  { name: 'delivery-waits', hash: ({ delivery }) => `deliveries/${delivery}` },
  { name: 'delivery-dead', hash: ({ dead }) => `deliveries/${dead}` },
  { name: 'dead', hash: () => 'dead' },
  { name: 'dead-resend', hash: () => 'dead?do=resend' },
  { name: 'dead-letter', hash: ({ dead }) => `dead/${dead}` },
  { name: 'dead-edit', hash: ({ dead }) => `dead/${dead}?edit=1` },
  { name: 'silences', hash: () => 'silences' },
  { name: 'silences-new', hash: () => `silences/new?match=${encodeURIComponent('{"rule":"disk-full","key":"db-1"}')}` },
  { name: 'channels', hash: () => 'channels' },
  { name: 'channel', hash: () => 'channels/wrong-token' },
  { name: 'channel-test', hash: () => 'channels/ops?do=test&rule=disk-full' },
  { name: 'sources', hash: () => 'sources' },
  { name: 'source', hash: () => 'sources/hosts' },
  { name: 'rules', hash: () => 'rules' },
  { name: 'rule', hash: () => 'rules/failed-login' },
  { name: 'rule-changes', hash: () => 'rules?generation=last' },
  { name: 'play', hash: () => 'play' },
  { name: 'play-event', hash: ({ event }) => `play?event=${event}&rule=failed-deploy` },
];
