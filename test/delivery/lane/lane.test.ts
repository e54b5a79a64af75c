import { afterEach, beforeEach, expect, test } from 'vitest';
import { SETTLE_MS } from '../../../daemon/channels/channel.ts';
import { BelfryError, SendFailure } from '../../../daemon/core/problems/failure.ts';
import { newId } from '../../../daemon/lib/id.ts';
import { channel, down, fails, hangs, LaneHarness, ok, type Reply, wrongToken } from '../../support/lanes.ts';
import { sampleDelivery } from '../../support/delivery.ts';

let harness: LaneHarness;

beforeEach(async () => {
  harness = await LaneHarness.open();
});

afterEach(async () => {
  await harness.close();
});

const state = async (id: string) => (await harness.store.deliveries.find(id))?.state;

/** Reply that the test answers later, one attempt at a time. */
function deferredReply(): { readonly reply: Reply; readonly answers: ((outcome: Error | { id: string }) => void)[] } {
  const answers: ((outcome: Error | { id: string }) => void)[] = [];
  const reply: Reply = () =>
    new Promise((resolve, reject) =>
      answers.push((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))),
    );
  return { reply, answers };
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const refused = () =>
  new SendFailure('permanent', 'http.401', 'the token is refused', { status: 401, misconfigured: true });

test('a single delivery that opens the breaker is itself the probe after 1, 2 and 4 s', async () => {
  harness.script('a', down, down, down, down, down, down, down, ok);
  await harness.apply(channel('a', { retry: [1_000, 1_000, 1_000, 1_000, 3_600_000] }));
  const start = harness.clock.now();
  const [delivery] = await harness.enqueue('a');
  await harness.clock.advance(60_000);
  expect(harness.sent.map(({ at }) => at - start)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000, 7_000, 11_000]);
  expect(await state(delivery!.id)).toBe('delivered');
});

test('failures of servers that recipients chose open no breaker', async () => {
  const theirs = fails(new SendFailure('transient', 'net.refused', 'nobody listens', { ofRecipient: true }));
  harness.script('a', theirs, theirs, theirs, theirs, theirs, theirs, ok);
  await harness.apply(channel('a', { retry: [3_600_000] }));
  await harness.enqueue('a', {}, 6);
  const [other] = await harness.enqueue('a');
  expect(harness.lanes.status()).toMatchObject([{ state: 'ok' }]);
  expect(await state(other!.id)).toBe('delivered');
});

test('a refusal that comes after a change of settings does not count against the new ones', async () => {
  const old = deferredReply();
  harness.script('a', old.reply, ok);
  await harness.apply(channel('a'));
  await harness.enqueue('a');
  await harness.apply(channel('a', {}, 'a-2'));
  old.answers[0]!(refused());
  await harness.clock.advance(0);
  expect(harness.lanes.status()).toMatchObject([{ state: 'ok' }]);
  await harness.enqueue('a');
  expect(harness.sent).toHaveLength(2);
});

test('a success of an attempt that was in flight does not end misconfigured', async () => {
  const remote = deferredReply();
  harness.script('a', remote.reply);
  await harness.apply(channel('a', { concurrency: 2 }));
  await harness.enqueue('a', {}, 3);
  remote.answers[0]!(refused());
  await harness.clock.advance(0);
  remote.answers[1]!({ id: 'late' });
  await harness.clock.advance(0);
  expect(harness.sent).toHaveLength(2);
  expect(harness.lanes.status()).toMatchObject([{ state: 'misconfigured', held: 1 }]);
});

test('a manual release sends no deliveries with refused credentials', async () => {
  harness.script('a', wrongToken);
  await harness.apply(channel('a', { concurrency: 1 }));
  await harness.enqueue('a', {}, 3);
  await harness.lanes.release('a');
  await harness.clock.advance(0);
  expect(harness.sent).toHaveLength(1);
});

test('no delivery of a backlog is sent before the stored hold is loaded', async () => {
  await harness.apply(channel('a'));
  await harness.lanes.hold('a');
  await harness.enqueue('a', {}, 5);
  await harness.lanes.stop(0);
  const read = harness.store.checkpoints.read.bind(harness.store.checkpoints);
  harness.store.checkpoints.read = async (scope) => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return read(scope);
  };
  harness.lanes = harness.newLanes();
  await harness.apply(channel('a'));
  await harness.clock.advance(0);
  expect(harness.sent).toEqual([]);
});

test('deliveries that were claimed during a manual hold are released unsent', async () => {
  await harness.apply(channel('a'));
  const real = harness.store.deliveries.claim.bind(harness.store.deliveries);
  const claiming = gate();
  const go = gate();
  harness.store.deliveries.claim = async (...args) => {
    const claimed = await real(...args);
    if (claimed.length > 0) {
      claiming.open();
      await go.opened;
    }
    return claimed;
  };
  void harness.enqueue('a', {}, 2);
  await claiming.opened;
  await harness.lanes.hold('a');
  go.open();
  await harness.clock.advance(0);
  expect(harness.sent).toEqual([]);
  expect(harness.lanes.status()).toMatchObject([{ held: 2, sending: 0 }]);
});

test('a full disk delays the writing of checkpoints and stops no lane', async () => {
  const write = harness.store.checkpoints.write.bind(harness.store.checkpoints);
  let full = true;
  harness.store.checkpoints.write = (...args) =>
    full ? Promise.reject(new BelfryError('store.full', 'the disk is full; nothing was changed')) : write(...args);
  harness.script('a', wrongToken, ok);
  await harness.apply(channel('a', { concurrency: 1 }));
  const [first] = await harness.enqueue('a', {}, 2);
  await harness.clock.advance(5_000);
  full = false;
  await harness.clock.advance(60_000);
  expect(await state(first!.id)).toBe('dead');
  expect(harness.lanes.status()).toMatchObject([{ state: 'misconfigured', held: 1 }]);
  await harness.apply(channel('a', { concurrency: 1 }, 'a-2'));
  await harness.clock.advance(0);
  expect(harness.sent).toHaveLength(2);
});

test('an observer that throws cannot stop a lane', async () => {
  harness.lanes.observe({
    attempted: () => {
      throw new Error('a watcher has a bug');
    },
    settled: () => {
      throw new Error('a watcher has a bug');
    },
  });
  await harness.apply(channel('a'));
  const first = await harness.enqueue('a', {}, 3);
  const second = await harness.enqueue('a');
  for (const { id } of [...first, ...second]) expect(await state(id)).toBe('delivered');
});

test('a lane that has ended because the store failed is shown with the reason', async () => {
  await harness.apply(channel('a'));
  harness.store.deliveries.settle = () =>
    Promise.reject(new BelfryError('store.failed', 'the disk failed, nothing more is promised', { exit: 74 }));
  await harness.enqueue('a');
  await harness.clock.advance(0);
  expect(harness.lanes.status()).toMatchObject([{ state: 'failing', reason: expect.stringContaining('disk failed') }]);
  await harness.enqueue('a');
  expect(harness.sent).toHaveLength(1);
});

test('a stop gives a manual attempt the same grace, and starts none that waits', async () => {
  const remote = deferredReply();
  harness.script('a', remote.reply);
  await harness.apply(channel('a', { concurrency: 1 }));
  const delivery = (): ReturnType<typeof sampleDelivery> =>
    sampleDelivery({ id: newId(harness.clock.now()), channel: 'a' });
  const going = harness.lanes.attemptManually('a', delivery());
  const waiting = harness.lanes.attemptManually('a', delivery());
  await harness.clock.advance(0);
  let stopped = false;
  const stopping = harness.lanes.stop(5_000).then(() => {
    stopped = true;
  });
  await harness.clock.advance(1_000);
  expect(stopped).toBe(false);
  expect(await waiting).toMatchObject({ kind: 'killed' });
  remote.answers[0]!({ id: 'r' });
  await harness.clock.advance(0);
  expect(await going).toMatchObject({ kind: 'delivered' });
  await stopping;
  expect(harness.sent).toHaveLength(1);
});

test('a stop waits for the attempts of a removed channel', async () => {
  const remote = deferredReply();
  harness.script('a', remote.reply);
  await harness.apply(channel('a'));
  const [delivery] = await harness.enqueue('a');
  await harness.apply();
  let stopped = false;
  const stopping = harness.lanes.stop(5_000).then(() => {
    stopped = true;
  });
  await harness.clock.advance(1_000);
  expect(stopped).toBe(false);
  remote.answers[0]!({ id: 'r' });
  await harness.clock.advance(0);
  await stopping;
  expect(await state(delivery!.id)).toBe('delivered');
  expect(harness.closed).toEqual(['a-1']);
});

test('a channel that never ends delays a stop by no more than the grace and SETTLE_MS', async () => {
  harness.script('a', () => new Promise(() => {}));
  await harness.apply(channel('a'));
  const [delivery] = await harness.enqueue('a');
  const stopping = harness.lanes.stop(5_000);
  await harness.clock.advance(5_000 + SETTLE_MS);
  await stopping;
  expect(await state(delivery!.id)).toBe('pending');
});

test('resends and queued deliveries alternate: neither waits for all of the other', async () => {
  await harness.apply(channel('a', { rate: { count: 1, per: 1_000 }, concurrency: 4 }));
  const byHand = Array.from({ length: 20 }, () =>
    harness.lanes.attemptManually('a', sampleDelivery({ id: newId(harness.clock.now()), channel: 'a' })),
  );
  const live = await harness.enqueue('a', {}, 5);
  await harness.clock.advance(11_000);
  expect(await state(live[4]!.id)).toBe('delivered');
  await harness.clock.advance(30_000);
  expect((await Promise.all(byHand)).map((result) => result?.kind)).toEqual(
    Array.from({ length: 20 }, () => 'delivered'),
  );
});

test('the pace of a channel shows its rate with the attempts that are left, and its breaker with the next probe', async () => {
  harness.script('a', ok, ok, ...Array.from({ length: 5 }, () => down));
  await harness.apply(channel('a', { rate: { count: 3, per: 60_000 }, retry: [3_600_000] }));
  const { clock } = harness;
  await harness.enqueue('a', {}, 2);
  expect(harness.lanes.pacing('a')).toEqual({
    breaker: { isOpen: false, failures: 0 },
    rate: { count: 3, per: 60_000, left: 1 },
  });
  const start = clock.now();
  await harness.enqueue('a');
  expect(harness.lanes.pacing('a')).toMatchObject({ rate: { left: 0, nextAt: start + 60_000 } });
  await clock.advance(60_000);
  expect(harness.lanes.pacing('a')).toMatchObject({ breaker: { failures: 1 }, rate: { left: 3 } });
  await harness.apply(channel('a', { retry: [3_600_000] }));
  await harness.enqueue('a', {}, 4);
  expect(harness.lanes.pacing('a')).toEqual({
    breaker: { isOpen: true, failures: 5, probeAt: clock.now() + 1_000 },
    rate: undefined,
  });
  expect(harness.lanes.pacing('b')).toBeUndefined();
});

test('a manual attempt waits for the end of a cooldown', async () => {
  harness.script(
    'a',
    fails(new SendFailure('transient', 'http.429', 'slow down', { rateLimited: true, retryAfter: 90_000 })),
    ok,
  );
  await harness.apply(channel('a'));
  const start = harness.clock.now();
  await harness.enqueue('a');
  const byHand = harness.lanes.attemptManually('a', sampleDelivery({ id: newId(start), channel: 'a' }));
  await harness.clock.advance(89_000);
  expect(harness.sent).toHaveLength(1);
  await harness.clock.advance(1_000);
  await byHand;
  expect(harness.sent[1]!.at - start).toBe(90_000);
});

test('a delivery goes to the fallback only if it can still arrive within its ttl', async () => {
  harness.script('a', down);
  await harness.apply(channel('a', { fallback: 'b', retry: [3_600_000] }), channel('b'));
  await harness.enqueue('a', { expiresAt: harness.clock.now() + 600_000 });
  expect(harness.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  await harness.apply(channel('a', { fallback: 'b', paused: true }), channel('b'));
  await harness.enqueue('a', { expiresAt: harness.clock.now() + 600_000 });
  await harness.clock.advance(600_000);
  expect(harness.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  expect((await harness.deadRecords()).map((record) => record.class)).toEqual(['expired', 'expired']);
});

test('a delivery that was handed over and never acknowledged goes to the fallback with the reason', async () => {
  harness.script('a', async () => ({ awaiting: 'receipt', until: harness.clock.now() + 60_000 }));
  await harness.apply(channel('a', { fallback: 'b' }), channel('b'));
  await harness.enqueue('a');
  await harness.clock.advance(60_000);
  expect(harness.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  expect(await harness.deadRecords()).toMatchObject([{ class: 'expired', error: { code: 'receipt.missing' } }]);
});

test('a fallback channel of another type does not get the recipients of the first, and names the first channel', async () => {
  harness.script('a', wrongToken);
  await harness.apply(channel('a', { fallback: 'b' }), { ...channel('b'), type: 'other' });
  const { message } = sampleDelivery();
  await harness.enqueue('a', { message: { ...message, to: ['@alice'] } });
  const second = await harness.store.deliveries.find(harness.sent[1]!.id);
  expect(second?.delivery.message.to).toBeUndefined();
  expect(second?.delivery).toMatchObject({ fallbackOf: 'a', channelType: 'other' });
});

test('a delivery whose dead letter was written before a crash is not sent again, and its fallback is', async () => {
  harness.script('a', wrongToken);
  await harness.apply(channel('a', { fallback: 'b' }), channel('b'));
  const settle = harness.store.deliveries.settle.bind(harness.store.deliveries);
  harness.store.deliveries.settle = () => new Promise(() => {});
  const [delivery] = await harness.enqueue('a');
  expect(await harness.deadRecords()).toHaveLength(1);
  const stopping = harness.lanes.stop(0);
  await harness.clock.advance(5_000);
  void stopping;
  harness.store.deliveries.settle = settle;
  harness.store.deliveries.release([delivery!.id]);
  harness.lanes = harness.newLanes();
  harness.script('a', ok);
  await harness.apply(channel('a', { fallback: 'b' }, 'a-2'), channel('b'));
  await harness.clock.advance(0);
  expect(harness.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  expect(await state(delivery!.id)).toBe('dead');
  expect(await harness.deadRecords()).toHaveLength(1);
});

test('a receipt that comes twice, or for an unknown delivery, is reported once', async () => {
  harness.script('a', async () => ({ awaiting: 'receipt', until: harness.clock.now() + 60_000 }));
  await harness.apply(channel('a'));
  const [delivery] = await harness.enqueue('a');
  await harness.lanes.received([delivery!.id], { id: 'ack' });
  await harness.lanes.received([delivery!.id, 'nobody'], { id: 'ack' });
  expect(harness.settled.filter(({ settlement }) => settlement.state === 'delivered')).toHaveLength(1);
});

test('a stop leaves no timer', async () => {
  harness.script('a', down);
  await harness.apply(channel('a', { rate: { count: 1, per: 60_000 } }), channel('b', { paused: true }));
  await harness.enqueue('a', {}, 3);
  await harness.enqueue('b', { expiresAt: harness.clock.now() + 60_000 });
  await harness.lanes.stop(0);
  expect(harness.clock.waiting).toBe(0);
});

test('a hundred hanging deliveries use no more attempts than the concurrency', async () => {
  harness.script('a', hangs);
  await harness.apply(channel('a', { concurrency: 3 }));
  await harness.enqueue('a', {}, 100);
  expect(harness.sent).toHaveLength(3);
});

test('a wall clock that is set back does not delay a retry', async () => {
  harness.script('a', down, ok);
  await harness.apply(channel('a', { retry: [60_000] }));
  const [delivery] = await harness.enqueue('a');
  const now = harness.clock.now.bind(harness.clock);
  harness.clock.now = () => now() - 24 * 3_600_000;
  await harness.clock.advance(60_000);
  expect(await state(delivery!.id)).toBe('delivered');
});

test('a channel that comes back while its removed lane ends keeps its deliveries', async () => {
  const remote = deferredReply();
  harness.script('a', remote.reply, ok);
  await harness.apply(channel('a', { concurrency: 1, retry: [1_000] }));
  const [delivery] = await harness.enqueue('a');
  await harness.apply();
  await harness.apply(channel('a', { concurrency: 1, retry: [1_000] }));
  remote.answers[0]!(new SendFailure('transient', 'http.503', 'unavailable'));
  await harness.clock.advance(2_000);
  expect(await state(delivery!.id)).toBe('delivered');
  expect(await harness.deadRecords()).toEqual([]);
});

test('lanes that are opened for manual attempts leave queued deliveries alone', async () => {
  await harness.lanes.openForManual(new Map([['a', channel('a')]]));
  const [delivery] = await harness.enqueue('a', { expiresAt: harness.clock.now() + 1_000 });
  const byHand = harness.lanes.attemptManually('a', sampleDelivery({ id: newId(harness.clock.now()), channel: 'a' }));
  await harness.clock.advance(5_000);
  expect(await byHand).toMatchObject({ kind: 'delivered' });
  expect(await state(delivery!.id)).toBe('pending');
});

test('a breaker opened by an own event is reported at the first failure of another event, and its recovery, too', async () => {
  harness.script('a', down, ...Array.from({ length: 10 }, () => down), ok);
  await harness.apply(channel('a', { retry: [3_600_000], concurrency: 1 }));
  await harness.enqueue('a', { event: { ...sampleDelivery().event, source: 'belfry' } }, 5);
  expect(harness.lanes.status()).toMatchObject([{ state: 'failing' }]);
  expect(harness.notices).toEqual([]);
  await harness.enqueue('a');
  await harness.clock.advance(600_000);
  expect(harness.notices.map(({ type }) => type)).toEqual(['belfry.channel.failing', 'belfry.channel.recovered']);
});
