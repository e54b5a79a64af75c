import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliveryHead, eventHead } from '../../../../daemon/store/shared/history/head.ts';
import { indexedUntil, indexNext } from '../../../../daemon/store/sqlite/blocks/build.ts';
import { HistoryIndex } from '../../../../daemon/store/sqlite/blocks/history-index.ts';
import { Connection } from '../../../../daemon/store/sqlite/engine/connection.ts';
import { seqOfTime } from '../../../../daemon/store/shared/keys.ts';
import { SCHEMA } from '../../../../daemon/store/sqlite/engine/schema.ts';
import { WRITES } from '../../../../daemon/store/sqlite/engine/statements.ts';
import { search } from '../../../../daemon/store/sqlite/history/search.ts';
import type { HistoryFilter } from '../../../../daemon/store/store.ts';
import { delivery, event, NOW } from '../../contract/samples.ts';

let db: Connection;
beforeEach(() => {
  db = new Connection(':memory:');
  db.execute(SCHEMA);
});
afterEach(() => db.close());

/** Adds event number `count`, a millisecond after the one before. */
function addEvent(count: number, rule: string, source = 'api'): void {
  const outcomes = JSON.stringify([{ rule, outcome: 'notified', key: `k${count}` }]);
  const at = NOW + count;
  db.statement(WRITES.event).run([seqOfTime(at), at, JSON.stringify(event({ source })), outcomes, 'notified', '[]']);
}

function addDelivery(seq: number): void {
  const body = JSON.stringify(delivery(event(), { rule: `r${seq}` }));
  db.statement(WRITES.delivery).run([seq, 0, 'ops', NOW, null, 1, 1, body]);
}

/** Row numbers, of events their numbers, and how many rows were read. */
function found(table: 'events' | 'deliveries', filter: HistoryFilter): { seqs: unknown[]; examined: number } {
  const seqs: unknown[] = [];
  let examined = 0;
  let from: number | undefined;
  do {
    const step = { table, filter, order: 'desc' as const, rows: 1000, limit: 50, claimed: [] };
    const result = search(db, { ...step, ...(from !== undefined && { from }) });
    seqs.push(...result.rows.map(([seq, at]) => (table === 'events' ? Number(at) - NOW : seq)));
    examined += result.examined;
    from = result.next;
  } while (from !== undefined);
  return { seqs, examined };
}

test('a search reads only the rows that have the terms of its filter, and those in no block', () => {
  for (let seq = 1; seq <= 105; seq += 1) addEvent(seq, seq === 7 ? 'rare' : 'common', seq % 2 === 0 ? 'even' : 'odd');
  for (let count = 0; count < 10; count += 1) indexNext(db, { table: 'events', rows: 10 });
  expect(indexedUntil(db, 'events')).toBe(seqOfTime(NOW + 100));
  expect(found('events', { rule: 'rare' })).toEqual({ seqs: [7], examined: 5 + 1 });
  expect(found('events', { rule: 'rare', source: 'even' })).toEqual({ seqs: [], examined: 5 });
  expect(found('events', { key: 'k42' })).toEqual({ seqs: [42], examined: 5 + 1 });
  expect(found('events', { since: NOW + 41, until: NOW + 43 })).toEqual({ seqs: [42, 41], examined: 5 + 10 });
});

test('a block waits until there are enough rows, unless it may be short', () => {
  for (let seq = 1; seq <= 3; seq += 1) addEvent(seq, 'r');
  expect(indexNext(db, { table: 'events', rows: 4 })).toMatchObject({ rows: 0, left: 3 });
  expect(indexNext(db, { table: 'events', rows: 4, short: true })).toMatchObject({ rows: 3 });
  expect(indexNext(db, { table: 'events', rows: 4, short: true })).toMatchObject({ rows: 0, left: 0 });
});

test('a delivery that is stored after later ones, because its first commit failed, is found', () => {
  for (const seq of [10, 20, 30, 40]) addDelivery(seq);
  const index = new HistoryIndex(db);
  index.build({ table: 'deliveries', rows: 2 });
  index.build({ table: 'deliveries', rows: 2 });
  addDelivery(35);
  index.added(35);
  expect(found('deliveries', { rule: 'r35' }).seqs).toEqual([35]);
  index.build({ table: 'deliveries', rows: 3 });
  expect(found('deliveries', { rule: 'r35' })).toEqual({ seqs: [35], examined: 1 });
  expect(found('deliveries', { rule: 'r40' })).toEqual({ seqs: [40], examined: 1 });
});

test('an event with thousands of results ends its block early', () => {
  const results = Array.from({ length: 20_000 }, (_, index) => ({ rule: `r${index}`, outcome: 'notified' }));
  for (const seq of [1, 2, 3])
    db.statement(WRITES.event).run([
      seq,
      NOW + seq,
      JSON.stringify(event()),
      JSON.stringify(results),
      'notified',
      '[]',
    ]);
  expect(indexNext(db, { table: 'events', rows: 3 })).toMatchObject({ rows: 2 });
  expect(found('events', { rule: 'r19999' }).seqs).toEqual([3, 2, 1]);
});

test('the first fields are read from the beginning of a document, with escapes, and not from a document of another form', () => {
  const odd = { ...event({ id: 'a "quoted" \\ id', source: 'line\nbreak \ud800' }) };
  expect(eventHead(JSON.stringify(odd).slice(0, 200))).toEqual({ id: odd.id, source: odd.source, type: odd.type });
  expect(eventHead('{"source":"api","id":"1","type":"t"}')).toBeUndefined();
  expect(eventHead('{"id":"1","source":"cut')).toBeUndefined();
  const { event: _, message: __, attempts: ___, ...head } = delivery(event(), { key: 'a\tb' });
  expect(deliveryHead(JSON.stringify(head))).toEqual({ rule: 'deploys', channel: 'ops', key: 'a\tb', createdAt: NOW });
});
