import type { ChannelDetailView } from '../../../daemon/http/api/channels.ts';

/** Channels that need a person, first; then those with deliveries that wait the longest. */
const ORDER: Readonly<Record<ChannelDetailView['state'], number>> = {
  misconfigured: 0,
  failing: 1,
  paused: 2,
  removed: 3,
  ok: 4,
};

export function worstFirst(channels: readonly ChannelDetailView[]): readonly ChannelDetailView[] {
  return channels.toSorted(
    (a, b) =>
      ORDER[a.state] - ORDER[b.state] ||
      (a.oldest_at ?? '~').localeCompare(b.oldest_at ?? '~') ||
      a.name.localeCompare(b.name),
  );
}

/** Channels whose name, type or reason has a text. */
export function search(channels: readonly ChannelDetailView[], text: string): readonly ChannelDetailView[] {
  const wanted = text.trim().toLowerCase();
  return channels.filter(({ name, type, reason = '', state }) =>
    `${name} ${type} ${state} ${reason}`.toLowerCase().includes(wanted),
  );
}

/** Number of deliveries of a channel that have not ended. */
export function owed({ pending, held, sending }: ChannelDetailView): number {
  return pending + held + sending;
}

/** Reason of the state without its time, which is shown by itself. */
export function reasonOf({ reason = '', since }: ChannelDetailView): string {
  return since === undefined ? reason : reason.replace(` since ${since}`, '');
}
