import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SETTLE_MS } from '../../../daemon/channels/channel.ts';
import type { DeadLetter, Delivery } from '../../../daemon/core/delivery/delivery.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import { SendFailure } from '../../../daemon/core/problems/failure.ts';
import type { ResendPlan, ResendProgress, ResendRequest, ResendSum } from '../../../daemon/core/delivery/resend.ts';
import { openDeadLetters } from '../../../daemon/delivery/dead-letters/dead-letters.ts';
import { Resending } from '../../../daemon/delivery/manual/resend.ts';
import type { ResendingDeps } from '../../../daemon/delivery/manual/resend-deps.ts';
import { RunControl } from '../../../daemon/lib/async/run-control.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { memoryLog, sampleEvent, sampleMessage } from '../../support/delivery.ts';
import { channel, fails, LaneHarness, ok, type Reply, wrongToken } from '../../support/lanes.ts';

let harness: LaneHarness;
let requeued: { readonly event: Event; readonly deadLetterId: string }[];

beforeEach(async () => {
  harness = await LaneHarness.open();
  requeued = [];
});

afterEach(async () => {
  await harness.close();
});

const rejected = fails(new SendFailure('permanent', 'http.422', 'not understood', { status: 422 }));

function resending(parts: Partial<ResendingDeps> = {}): Resending {
  return new Resending({
    deadLetters: harness.deadLetters,
    store: harness.store,
    clock: harness.clock,
    log: memoryLog().log,
    scrubber: harness.scrubber,
    attempt: (name, delivery, signal) => harness.lanes.attemptManually(name, delivery, signal),
    channelType: (name) => (harness.lanes.has(name) ? 'scripted' : undefined),
    concurrency: () => 4,
    requeue: async (event, deadLetterId) => {
      requeued.push({ event, deadLetterId });
    },
    ...parts,
  });
}

interface ResendResult {
  readonly plan: ResendPlan['plan'];
  readonly progress: readonly ResendProgress[];
  readonly sum: ResendSum | undefined;
}

async function all(stream: AsyncIterable<ResendPlan | ResendProgress | ResendSum>): Promise<ResendResult> {
  let plan: ResendPlan['plan'] | undefined;
  let sum: ResendSum | undefined;
  const progress: ResendProgress[] = [];
  for await (const item of stream) {
    if ('plan' in item) plan = item.plan;
    else if ('left' in item) sum = item;
    else progress.push(item);
  }
  return { plan: plan!, progress, sum };
}

const resend = (request: ResendRequest, parts: Partial<ResendingDeps> = {}): Promise<ResendResult> =>
  all(resending(parts).resend(request, new RunControl()));

/** Makes dead deliveries of a channel, in the file and in the store; then the channel works. */
async function dead(
  name: string,
  count: number,
  event: (index: number) => Event = (index) => sampleEvent({ id: `${name}-${index}` }),
): Promise<readonly string[]> {
  harness.script(name, rejected);
  const ids: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const [delivery] = await harness.enqueue(name, { event: event(index) });
    await deadRecordOf(delivery!.id);
    ids.push(delivery!.id);
    await harness.clock.advance(1);
  }
  harness.sent.length = 0;
  harness.script(name, ok);
  return ids;
}

async function deadRecordOf(id: string): Promise<DeadLetter> {
  for (let turn = 0; turn < 1000; turn += 1) {
    const record = await harness.deadLetters.find(id);
    if (record !== undefined && (await harness.store.deliveries.find(id))?.state === 'dead') return record;
    await harness.clock.advance(0);
  }
  throw new Error('the delivery did not end dead');
}

const file = (): string => path.join(harness.folder, 'dead-letters.jsonl');
const inFile = async (): Promise<string[]> => (await harness.deadRecords()).map(({ id }) => id);
const state = async (id: string) => (await harness.store.deliveries.find(id))?.state;

test('the plan comes before any attempt; then records go oldest first with their ids, and delivered ones leave the file', async () => {
  await harness.apply(channel('a', { concurrency: 1 }));
  const ids = await dead('a', 3);
  const dry = await resend({ all: true, dryRun: true });
  expect(dry).toMatchObject({ plan: { total: 3, channels: { a: 3 }, problems: [], missing: [] }, progress: [] });
  expect(harness.sent).toEqual([]);
  const result = await resend({ all: true });
  expect(result.sum).toEqual({ delivered: 3, failed: 0, left: 0 });
  expect(result.progress.map(({ id, state: ended, receipt }) => [id, ended, receipt?.id])).toEqual(
    ids.map((id) => [id, 'delivered', 'r']),
  );
  expect(harness.sent.map(({ id }) => id)).toEqual(ids);
  expect(await readFile(file(), 'utf8')).toBe('');
  for (const id of ids) expect(await state(id)).toBe('delivered');
});

test('a record that fails stays with the new attempt added, and is tried once only', async () => {
  await harness.apply(channel('a'));
  const [id] = await dead('a', 1);
  harness.script('a', fails(new SendFailure('transient', 'http.503', 'unavailable')));
  const result = await resend({ ids: [id!] });
  expect(result.sum).toEqual({ delivered: 0, failed: 1, left: 1 });
  expect(result.progress).toMatchObject([{ id, state: 'dead', error: { class: 'transient', code: 'http.503' } }]);
  await harness.clock.advance(3_600_000);
  expect(harness.sent).toHaveLength(1);
  expect(await harness.deadLetters.find(id!)).toMatchObject({
    class: 'permanent',
    attempts: [{ code: 'http.422' }, { code: 'http.503' }],
  });
  expect(await state(id!)).toBe('dead');
});

test('an edited message or channel is used', async () => {
  await harness.apply(channel('a'), channel('b'));
  const [first, second] = await dead('a', 2);
  const [one, two] = (await readFile(file(), 'utf8')).split('\n');
  await writeFile(
    file(),
    `${one!.replace('Deploy failed: acme/api', 'Edited by hand')}\n${two!.replace('"channel":"a"', '"channel":"b"')}\nnonsense\n`,
  );
  const result = await resend({ all: true });
  expect(result.plan).toMatchObject({ channels: { a: 1, b: 1 }, problems: [{ line: 3 }] });
  expect(harness.sent).toMatchObject([
    { channel: 'a', id: first, title: 'Edited by hand' },
    { channel: 'b', id: second },
  ]);
  expect(await readFile(file(), 'utf8')).toBe('nonsense\n');
});

test('--to sends by another channel; all filters must match; unknown ids are reported', async () => {
  await harness.apply(channel('a'), channel('b'), channel('c'));
  const [id] = await dead('a', 2);
  await dead('b', 1);
  const result = await resend({ channel: 'a', ids: [id!, 'nobody'], to: 'c' });
  expect(result.plan).toMatchObject({ total: 1, channels: { c: 1 }, missing: ['nobody'] });
  expect(harness.sent).toMatchObject([{ channel: 'c', id }]);
  expect(await inFile()).toHaveLength(2);
  expect((await resend({})).plan.total).toBe(0);
  expect((await resend({ since: '1h', dryRun: true, rule: 'failed-deploy', class: 'permanent' })).plan.total).toBe(2);
});

test('masked values are sent unmasked, unless they were edited in the file', async () => {
  harness.scrubber.add('hunter2-hunter2');
  await harness.apply(channel('a', { concurrency: 1 }));
  harness.script('a', rejected);
  const received: Delivery[] = [];
  const event = sampleEvent({ data: { pin: 'hunter2-hunter2' } });
  const message = sampleMessage({
    title: 'pin hunter2-hunter2',
    body: 'the pin is hunter2-hunter2',
    tags: ['hunter2-hunter2'],
  });
  for (const key of ['first', 'second'])
    await deadRecordOf(
      (await harness.enqueue('a', { event, message, status: 'resolved', key: `${key} hunter2-hunter2` }))[0]!.id,
    );
  harness.script('a', (io, sent) => {
    received.push({ ...io.delivery, message: sent });
    return ok(io, sent);
  });
  const written = await readFile(file(), 'utf8');
  expect(written).not.toContain('hunter2');
  const [first, second] = written.split('\n') as [string, string];
  await writeFile(file(), `${first}\n${second.replace('"pin ***"', '"a pin: ***"')}\n`);
  expect((await resend({ all: true })).sum).toEqual({ delivered: 2, failed: 0, left: 0 });
  expect(received).toMatchObject([
    { event, message, status: 'resolved', key: 'first hunter2-hunter2' },
    { event, message: { ...message, title: 'a pin: ***' }, status: 'resolved', key: 'second hunter2-hunter2' },
  ]);
});

test('an event that is masked in the file is decided anew unmasked', async () => {
  harness.scrubber.add('hunter2-hunter2');
  await harness.apply(channel('a'));
  const event = sampleEvent({ data: { pin: 'hunter2-hunter2' } });
  await dead('a', 1, () => event);
  await resend({ all: true, requeue: true });
  expect(requeued).toMatchObject([{ event }]);
});

test('a record whose channel is not configured fails with a clear error and stays', async () => {
  await harness.apply(channel('a'));
  const [id] = await dead('a', 1);
  await harness.apply();
  expect((await resend({ all: true })).progress).toMatchObject([
    { id, state: 'dead', error: { code: 'channel.removed' } },
  ]);
  expect(await inFile()).toEqual([id]);
});

test('the dead letters of one event are decided anew once, and leave the file when that is durable', async () => {
  await harness.apply(channel('a'), channel('b'));
  const event = sampleEvent({ id: 'shared' });
  const [first] = await dead('a', 1, () => event);
  const [second] = await dead('b', 1, () => event);
  const [third] = await dead('b', 1);
  const result = await resend({ all: true, requeue: true });
  expect(requeued).toMatchObject([{ deadLetterId: first, event: { id: 'shared' } }, { deadLetterId: third }]);
  expect(result.progress.map(({ id, state: ended }) => [id, ended])).toEqual(
    [first, second, third].map((id) => [id, 'requeued']),
  );
  expect(await inFile()).toEqual([]);
  expect(harness.sent).toEqual([]);
  expect(await state(second!)).toBe('cancelled');
});

test('a record that cannot be decided anew stays', async () => {
  await harness.apply(channel('a'));
  const [id] = await dead('a', 1);
  const result = await resend({ all: true, requeue: true }, { requeue: () => Promise.reject(new Error('no room')) });
  expect(result.sum).toEqual({ delivered: 0, failed: 1, left: 1 });
  expect(await state(id!)).toBe('dead');
});

test('two resends of the same records send each once', async () => {
  await harness.apply(channel('a', { concurrency: 2 }));
  const ids = await dead('a', 30);
  const both = resending();
  const resends = [1, 2].map(() => all(both.resend({ all: true }, new RunControl())));
  const results = await Promise.all(resends);
  expect(harness.sent.map(({ id }) => id).sort()).toEqual([...ids].sort());
  const counts = results.map(({ plan, progress }) => [plan.total, plan.in_other_jobs, progress.length]);
  // Both read the file at once, and the first to end its reading takes the records.
  expect(counts.toSorted(([a = 0], [b = 0]) => b - a)).toEqual([
    [30, 0, 30],
    [0, 30, 0],
  ]);
  expect(await inFile()).toEqual([]);
});

test('a resend whose records were sent by another one after its plan sends none twice', async () => {
  await harness.apply(channel('a'));
  const ids = await dead('a', 2);
  const both = resending();
  const late = both.resend({ all: true }, new RunControl())[Symbol.asyncIterator]();
  await late.next();
  await all(both.resend({ all: true }, new RunControl()));
  for (let next = await late.next(); next.done !== true; next = await late.next());
  expect(harness.sent.map(({ id }) => id)).toEqual(ids);
});

test('refused credentials are not used again for every record', async () => {
  await harness.apply(channel('a', { concurrency: 2 }), channel('b'));
  await dead('a', 40);
  await dead('b', 1);
  harness.script('a', wrongToken);
  const result = await resend({ all: true });
  expect(harness.sent.filter((sent) => sent.channel === 'a').length).toBeLessThanOrEqual(5);
  expect(result.sum).toEqual({ delivered: 1, failed: 40, left: 40 });
});

test('a channel that never answers delays no other channel', async () => {
  await harness.apply(channel('a'), channel('b'));
  await dead('a', 2);
  const [id] = await dead('b', 1);
  harness.script('a', () => new Promise(() => {}));
  const stop = new AbortController();
  const stream = resending().resend({ all: true }, RunControl.until(stop.signal))[Symbol.asyncIterator]();
  await stream.next();
  expect((await stream.next()).value).toMatchObject({ id, state: 'delivered' });
  stop.abort();
  const end = stream.next();
  await harness.clock.advance(10_000 + SETTLE_MS);
  await end;
});

test('an aborted resend begins no more attempts: those in flight end and are recorded, other records stay', async () => {
  const answers: (() => void)[] = [];
  const slow: Reply = () => new Promise((resolve) => answers.push(() => resolve({ id: 'late' })));
  await harness.apply(channel('a', { concurrency: 1 }));
  const ids = await dead('a', 20);
  harness.script('a', ok, slow);
  const stop = new AbortController();
  const items: unknown[] = [];
  const run = (async () => {
    for await (const item of resending().resend({ all: true }, RunControl.until(stop.signal))) items.push(item);
  })();
  while (answers.length === 0) await harness.clock.advance(0);
  stop.abort();
  await harness.clock.advance(0);
  answers[0]!();
  await run;
  expect(harness.sent).toHaveLength(2);
  expect(await inFile()).toEqual(ids.slice(2));
  expect(items.filter((item) => 'left' in (item as object))).toEqual([]);
});

test('a consumer that stops reading ends the resend in the same way', async () => {
  await harness.apply(channel('a', { concurrency: 1 }));
  const ids = await dead('a', 20);
  for await (const item of resending().resend({ all: true }, new RunControl())) if ('state' in item) break;
  await harness.clock.advance(60_000);
  const left = await inFile();
  expect(left.length).toBeGreaterThan(0);
  expect([...harness.sent.map(({ id }) => id), ...left]).toEqual(ids);
});

/** Restarts on the store and the file, as after a kill. */
async function restart(): Promise<Resending> {
  const reopened = await openDeadLetters({ path: file(), scrubber: new Scrubber(), log: memoryLog().log });
  const again = resending({ deadLetters: reopened });
  await again.reconcile();
  return again;
}

/** Dead-letter file whose changes never end: the process is killed before the file is rewritten. */
function killedFile(): ResendingDeps['deadLetters'] {
  return {
    append: (record) => harness.deadLetters.append(record),
    read: () => harness.deadLetters.read(),
    find: (id) => harness.deadLetters.find(id),
    change: () => Promise.reject(new Error('killed')),
    snapshot: (during) => harness.deadLetters.snapshot(during),
    fault: undefined,
    check: () => Promise.resolve(),
    onFatal: () => {},
    close: () => Promise.resolve(),
  };
}

test('a resend that is killed between the answer and the write to the file sends nothing again', async () => {
  await harness.apply(channel('a'));
  const ids = await dead('a', 3);
  await expect(resend({ all: true }, { deadLetters: killedFile() })).rejects.toThrow('killed');
  expect(await inFile()).toEqual(ids);
  const again = await restart();
  expect(await inFile()).toEqual([]);
  await all(again.resend({ all: true }, new RunControl()));
  expect(harness.sent).toHaveLength(3);
});

test('a record whose resend was killed before its answer was recorded is sent again with the same id', async () => {
  await harness.apply(channel('a'));
  const [id] = await dead('a', 1);
  harness.script('a', () => Promise.reject(new Error('killed in the middle')), ok);
  await resend({ all: true }, { deadLetters: killedFile() }).catch(() => undefined);
  const result = await all((await restart()).resend({ all: true }, new RunControl()));
  expect(result.sum).toEqual({ delivered: 1, failed: 0, left: 0 });
  expect(new Set(harness.sent.map((sent) => sent.id))).toEqual(new Set([id]));
});

test('records whose delivery the store does not have are sent once, too', async () => {
  await harness.apply(channel('a'));
  const [id] = await dead('a', 1);
  const copied = ['x', 'y'].map((name) => `letter-${name}`);
  const [line] = (await readFile(file(), 'utf8')).split('\n');
  await writeFile(file(), `${copied.map((name) => line!.replace(id!, name)).join('\n')}\n`);
  await expect(resend({ all: true }, { deadLetters: killedFile() })).rejects.toThrow('killed');
  expect(harness.sent.map((sent) => sent.id)).toEqual(copied);
  const again = await restart();
  expect(await inFile()).toEqual([]);
  expect((await all(again.resend({ all: true }, new RunControl()))).plan.total).toBe(0);
});

test('a record that was handed over stays in the file until its receipt comes', async () => {
  await harness.apply(channel('a'));
  const [id] = await dead('a', 1);
  harness.script('a', async () => ({ awaiting: 'receipt', until: harness.clock.now() + 60_000 }));
  const result = await resend({ all: true });
  expect(result.progress).toMatchObject([{ id, state: 'sending' }]);
  expect(await inFile()).toEqual([id]);
  await harness.lanes.received([id!], { id: 'ack' });
  expect(await inFile()).toEqual([]);
  expect(await harness.store.deliveries.find(id!)).toMatchObject({ state: 'delivered', receipt: { id: 'ack' } });
});

test('an edit during a resend is kept', async () => {
  await harness.apply(channel('a', { concurrency: 1 }));
  const [first, second] = await dead('a', 2);
  harness.script('a', rejected);
  for await (const item of resending().resend({ all: true }, new RunControl())) {
    if (!('state' in item) || item.id !== first) continue;
    await writeFile(file(), (await readFile(file(), 'utf8')).replaceAll('Deploy failed', 'Edited meanwhile'));
  }
  for (const id of [first, second])
    expect(await harness.deadLetters.find(id!)).toMatchObject({
      message: { title: 'Edited meanwhile: acme/api' },
      attempts: [{}, {}],
    });
});

test('a drop removes the record and cancels the delivery; a second drop finds none', async () => {
  await harness.apply(channel('a'));
  const [id] = await dead('a', 1);
  expect(await resending().drop(id!)).toBe(true);
  expect(await resending().drop(id!)).toBe(false);
  expect(await state(id!)).toBe('cancelled');
  expect((await harness.store.audit(new Set(await inFile()))).violations).toEqual([]);
});

test('a resend of thousands of records rewrites the file a few times, not once a record', async () => {
  await harness.apply(channel('a', { concurrency: 64 }));
  const [id] = await dead('a', 1);
  const [line] = (await readFile(file(), 'utf8')).split('\n');
  await writeFile(
    file(),
    Array.from({ length: 3000 }, (_, index) => `${line!.replace(id!, `copy-${index}`)}\n`).join(''),
  );
  harness.script('a', rejected);
  let changes = 0;
  const counted = {
    ...killedFile(),
    change: (all: Parameters<ResendingDeps['deadLetters']['change']>[0]) => {
      changes += 1;
      return harness.deadLetters.change(all);
    },
  };
  expect((await resend({ all: true }, { deadLetters: counted })).sum).toEqual({
    delivered: 0,
    failed: 3000,
    left: 3000,
  });
  expect(changes).toBeLessThanOrEqual(11);
});

test('a paused resend sends nothing, also what waits for the rate of its channel; after the resume the rest is sent once', async () => {
  await harness.apply(channel('a', { concurrency: 4 }));
  const ids = await dead('a', 4);
  await harness.apply(channel('a', { concurrency: 4, rate: { count: 1, per: 60_000 } }));
  const control = new RunControl();
  const result = all(resending().resend({ all: true }, control));
  await expect.poll(() => harness.clock.advance(0).then(() => harness.sent.length)).toBe(1);
  control.pause();
  await harness.clock.advance(3_600_000);
  expect(harness.sent).toHaveLength(1);
  control.resume();
  for (let turn = 0; turn < 6; turn += 1) await harness.clock.advance(60_000);
  expect((await result).sum).toEqual({ delivered: 4, failed: 0, left: 0 });
  expect(harness.sent.map(({ id }) => id).sort()).toEqual([...ids].sort());
});

test('a resend has the records that its plan counted: not those that died later, nor those of another resend', async () => {
  await harness.apply(channel('a'), channel('b'));
  const [first] = await dead('a', 1);
  const { plan } = await resend({ all: true, dryRun: true });
  await harness.clock.advance(1);
  const [second] = await dead('b', 1);
  const both = resending();
  expect((await both.prepare({ all: true, until: plan.until })).records.map(({ id }) => id)).toEqual([first]);
  const later = await all(both.resend({ all: true }, new RunControl()));
  expect(later.plan).toMatchObject({
    total: 1,
    in_other_jobs: 1,
    counts: [{ channel: 'b', class: 'permanent', count: 1 }],
  });
  expect(harness.sent.map(({ id }) => id)).toEqual([second]);
});

test('a record that is edited while a resend reads the file is sent as edited, and one that a resend has taken is not edited', async () => {
  await harness.apply(channel('ops'));
  const [id] = (await dead('ops', 1)) as [string];
  const file = harness.deadLetters;
  const run = resending();
  const read = file.read.bind(file);
  let reads = 0;
  const edit = (record: DeadLetter): DeadLetter => {
    expect(run.allowsEdit(id)).toBe(true);
    return { ...record, message: { ...record.message, title: 'edited' } };
  };
  Object.assign(file, {
    async *read() {
      yield* read();
      if ((reads += 1) === 1) await file.change(new Map([[id, edit]]));
    },
  });
  const { records } = await run.prepare({ all: true });
  expect([reads, records.map(({ message }) => message.title)]).toEqual([2, ['edited']]);
  expect(run.allowsEdit(id)).toBe(false);
});
