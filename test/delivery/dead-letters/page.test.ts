import { expect, test } from 'vitest';
import type { DeadLetter } from '../../../daemon/core/delivery/delivery.ts';
import type { DeadPageEnd } from '../../../daemon/core/delivery/resend.ts';
import { DEAD_PAGE_QUERY, type DeadPageQuery } from '../../../daemon/core/values/dead-filters.ts';
import type { DeadLine } from '../../../daemon/delivery/dead-letters/dead-letters.ts';
import { deadLines } from '../../../daemon/delivery/dead-letters/page.ts';
import { sampleDelivery } from '../../support/delivery.ts';

const NOW = Date.parse('2026-11-23T10:00:00Z');

/** Records of the minutes before `NOW`, which are not in the order of their times; each third one is of the channel `b`. */
const letters: readonly DeadLetter[] = [3, 1, 5, 2, 4, 4].map((minutes, index) => {
  const { event, message } = sampleDelivery();
  return {
    id: `d-${index}`,
    dead_at: new Date(NOW - minutes * 60_000).toISOString(),
    class: index === 0 ? 'exhausted' : 'permanent',
    error: { code: `http.42${index % 2}`, message: 'no' },
    channel: index % 3 === 0 ? 'b' : 'a',
    channel_type: 'webhook',
    rule: 'backups',
    key: '',
    event,
    message: { ...message, title: `Backup ${index} FAILED` },
    attempts: [],
  };
});

async function* lines(): AsyncIterable<DeadLine> {
  for (const [index, record] of letters.entries()) yield { line: index + 1, record };
  yield { line: 7, problem: 'it is not JSON' };
}

async function read(query: DeadPageQuery) {
  const items = [];
  for await (const item of deadLines({ read: lines }, query, NOW)) items.push(item);
  const records = items.filter((item): item is DeadLetter => 'message' in item);
  const end = items.find((item): item is DeadPageEnd => 'next' in item);
  return { ids: records.map(({ id }) => id), end, problems: items.filter((item) => 'problem' in item).length };
}

test('without parameters of a page every record that matches comes in the order of the file', async () => {
  expect(await read({})).toEqual({ ids: ['d-0', 'd-1', 'd-2', 'd-3', 'd-4', 'd-5'], end: undefined, problems: 1 });
  const { ids } = await read({ channel: 'a', code: 'http.420' });
  expect(ids).toEqual(['d-2', 'd-4']);
});

test.each<[DeadPageQuery, readonly string[]]>([
  [{ class: 'exhausted' }, ['d-0']],
  [{ since: { ago: 2 * 60_000 } }, ['d-1', 'd-3']],
  [{ until: { at: NOW - 4 * 60_000 } }, ['d-2']],
  [{ text: 'backup 3 failed' }, ['d-3']],
  [{ rule: 'none' }, []],
])('the filter %j selects %j', async (query, ids) => {
  expect((await read(query)).ids).toEqual(ids);
});

test('pages are the newest first, each record once, with the counts of all that match', async () => {
  const found: string[] = [];
  let cursor: DeadPageQuery['cursor'];
  for (let page = 0; page < 3; page += 1) {
    const { ids, end, problems } = await read({ limit: 2, ...(cursor !== undefined && { cursor }) });
    found.push(...ids);
    expect(problems).toBe(page === 0 ? 1 : 0);
    expect(end).toMatchObject({
      total: 6,
      counts: [
        { channel: 'a', class: 'permanent', count: 4 },
        { channel: 'b', class: 'exhausted', count: 1 },
        { channel: 'b', class: 'permanent', count: 1 },
      ],
    });
    expect(end!.next === null).toBe(page === 2);
    cursor = end!.next === null ? undefined : DEAD_PAGE_QUERY.cursor.kind.read(end!.next);
  }
  expect(found).toEqual(['d-1', 'd-3', 'd-0', 'd-5', 'd-4', 'd-2']);
  expect((await read({ order: 'asc', limit: 3 })).ids).toEqual(['d-2', 'd-4', 'd-5']);
});
