import { seqOfTime } from '../engine/keys.ts';
import type { Reader } from '../engine/query-client.ts';
import { eventOfRow } from '../engine/rows.ts';
import type { LatestEvents, StoredEvent } from '../../store.ts';

/** Events read at a time. */
const PAGE = 200;
/** Characters of events after which no further page is read. */
const ENOUGH = 4 * 1024 * 1024;

/** The latest events, the newest first: so that a look at them never takes much memory, those that are large are left out. */
export async function latestEvents(
  reader: Reader,
  { since, limit }: { readonly since: number; readonly limit: number },
): Promise<LatestEvents> {
  const events: StoredEvent[] = [];
  let before = Number.MAX_SAFE_INTEGER;
  let size = 0;
  while (events.length < limit && size < ENOUGH) {
    const page = Math.min(PAGE, limit - events.length);
    const rows = await reader.rows('eventsBefore', before, seqOfTime(since), page);
    for (const row of rows) {
      size += String(row[2]).length + String(row[3]).length;
      const { seq, event, receivedAt, outcomes, results, later } = eventOfRow(row);
      before = seq;
      // A row lies where its id says, and that may be ahead of the clock.
      if (receivedAt >= since) events.push({ event, receivedAt, outcomes, results, later });
    }
    if (rows.length < page) return { events, isComplete: true };
  }
  return { events, isComplete: false };
}
