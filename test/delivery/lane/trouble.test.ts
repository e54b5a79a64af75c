import { afterEach, beforeEach, expect, test } from 'vitest';
import { SETTLE_MS } from '../../../daemon/channels/channel.ts';
import { BelfryError, SendFailure } from '../../../daemon/core/problems/failure.ts';
import { newId } from '../../../daemon/lib/id.ts';
import { channel, down, fails, hangs, Harbour, ok, type Reply, wrongToken } from '../../support/lanes.ts';
import { sampleDelivery } from '../../support/delivery.ts';

let harbour: Harbour;

beforeEach(async () => {
  harbour = await Harbour.open();
});

afterEach(async () => {
  await harbour.close();
});

const state = async (id: string) => (await harbour.store.deliveries.find(id))?.state;

/** A far side whose answers the test gives when it likes. */
function held(): { readonly reply: Reply; readonly answers: ((outcome: Error | { id: string }) => void)[] } {
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

test('one delivery alone that opens the breaker is itself the probe, after 1, 2 and 4 s', async () => {
  harbour.script('a', down, down, down, down, down, down, down, ok);
  await harbour.apply(channel('a', { retry: [1_000, 1_000, 1_000, 1_000, 3_600_000] }));
  const start = harbour.clock.now();
  const [delivery] = await harbour.owe('a');
  await harbour.clock.advance(60_000);
  expect(harbour.sent.map(({ at }) => at - start)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000, 7_000, 11_000]);
  expect(await state(delivery!.id)).toBe('delivered');
});

test('a refusal of the old settings that comes after the new ones says nothing about the new ones', async () => {
  const old = held();
  harbour.script('a', old.reply, ok);
  await harbour.apply(channel('a'));
  await harbour.owe('a');
  await harbour.apply(channel('a', {}, 'a-2'));
  old.answers[0]!(refused());
  await harbour.clock.advance(0);
  expect(harbour.lanes.status()).toMatchObject([{ state: 'ok' }]);
  await harbour.owe('a');
  expect(harbour.sent).toHaveLength(2);
});

test('a success that was on its way does not lift misconfigured', async () => {
  const far = held();
  harbour.script('a', far.reply);
  await harbour.apply(channel('a', { concurrency: 2 }));
  await harbour.owe('a', {}, 3);
  far.answers[0]!(refused());
  await harbour.clock.advance(0);
  far.answers[1]!({ id: 'late' });
  await harbour.clock.advance(0);
  expect(harbour.sent).toHaveLength(2);
  expect(harbour.lanes.status()).toMatchObject([{ state: 'misconfigured', held: 1 }]);
});

test('a release by hand does not burn deliveries on refused credentials', async () => {
  harbour.script('a', wrongToken);
  await harbour.apply(channel('a', { concurrency: 1 }));
  await harbour.owe('a', {}, 3);
  await harbour.lanes.release('a');
  await harbour.clock.advance(0);
  expect(harbour.sent).toHaveLength(1);
});

test('a backlog does not slip past a hold that is read back at the start', async () => {
  await harbour.apply(channel('a'));
  await harbour.lanes.hold('a');
  await harbour.owe('a', {}, 5);
  await harbour.lanes.stop(0);
  const read = harbour.store.checkpoints.read.bind(harbour.store.checkpoints);
  harbour.store.checkpoints.read = async (scope) => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return read(scope);
  };
  harbour.lanes = harbour.newLanes();
  await harbour.apply(channel('a'));
  await harbour.clock.advance(0);
  expect(harbour.sent).toEqual([]);
});

test('what was claimed while a person put the channel on hold is given back unsent', async () => {
  await harbour.apply(channel('a'));
  const real = harbour.store.deliveries.claim.bind(harbour.store.deliveries);
  const claiming = gate();
  const go = gate();
  harbour.store.deliveries.claim = async (...args) => {
    const claimed = await real(...args);
    if (claimed.length > 0) {
      claiming.open();
      await go.opened;
    }
    return claimed;
  };
  void harbour.owe('a', {}, 2);
  await claiming.opened;
  await harbour.lanes.hold('a');
  go.open();
  await harbour.clock.advance(0);
  expect(harbour.sent).toEqual([]);
  expect(harbour.lanes.status()).toMatchObject([{ held: 2, sending: 0 }]);
});

test('a full disk delays what a lane remembers, and stops no lane', async () => {
  const write = harbour.store.checkpoints.write.bind(harbour.store.checkpoints);
  let full = true;
  harbour.store.checkpoints.write = (...args) =>
    full ? Promise.reject(new BelfryError('store.full', 'the disk is full; nothing was changed')) : write(...args);
  harbour.script('a', wrongToken, ok);
  await harbour.apply(channel('a', { concurrency: 1 }));
  const [first] = await harbour.owe('a', {}, 2);
  await harbour.clock.advance(5_000);
  full = false;
  await harbour.clock.advance(60_000);
  expect(await state(first!.id)).toBe('dead');
  expect(harbour.lanes.status()).toMatchObject([{ state: 'misconfigured', held: 1 }]);
  await harbour.apply(channel('a', { concurrency: 1 }, 'a-2'));
  await harbour.clock.advance(0);
  expect(harbour.sent).toHaveLength(2);
});

test('whoever watches cannot stop a lane', async () => {
  harbour.lanes.observe({
    attempted: () => {
      throw new Error('a watcher has a bug');
    },
    settled: () => {
      throw new Error('a watcher has a bug');
    },
  });
  await harbour.apply(channel('a'));
  const first = await harbour.owe('a', {}, 3);
  const second = await harbour.owe('a');
  for (const { id } of [...first, ...second]) expect(await state(id)).toBe('delivered');
});

test('a lane that the store has failed is shown, with the reason', async () => {
  await harbour.apply(channel('a'));
  harbour.store.deliveries.settle = () =>
    Promise.reject(new BelfryError('store.failed', 'the disk failed, nothing more is promised', { exit: 74 }));
  await harbour.owe('a');
  await harbour.clock.advance(0);
  expect(harbour.lanes.status()).toMatchObject([{ state: 'failing', reason: expect.stringContaining('disk failed') }]);
  await harbour.owe('a');
  expect(harbour.sent).toHaveLength(1);
});

test('a stop gives an attempt by hand the same grace, and starts none that waited', async () => {
  const far = held();
  harbour.script('a', far.reply);
  await harbour.apply(channel('a', { concurrency: 1 }));
  const delivery = (): ReturnType<typeof sampleDelivery> =>
    sampleDelivery({ id: newId(harbour.clock.now()), channel: 'a' });
  const going = harbour.lanes.attemptManually('a', delivery());
  const waiting = harbour.lanes.attemptManually('a', delivery());
  await harbour.clock.advance(0);
  let stopped = false;
  const stopping = harbour.lanes.stop(5_000).then(() => {
    stopped = true;
  });
  await harbour.clock.advance(1_000);
  expect(stopped).toBe(false);
  expect(await waiting).toMatchObject({ kind: 'killed' });
  far.answers[0]!({ id: 'r' });
  await harbour.clock.advance(0);
  expect(await going).toMatchObject({ kind: 'delivered' });
  await stopping;
  expect(harbour.sent).toHaveLength(1);
});

test('a stop waits for the attempts of a channel that was just removed', async () => {
  const far = held();
  harbour.script('a', far.reply);
  await harbour.apply(channel('a'));
  const [delivery] = await harbour.owe('a');
  await harbour.apply();
  let stopped = false;
  const stopping = harbour.lanes.stop(5_000).then(() => {
    stopped = true;
  });
  await harbour.clock.advance(1_000);
  expect(stopped).toBe(false);
  far.answers[0]!({ id: 'r' });
  await harbour.clock.advance(0);
  await stopping;
  expect(await state(delivery!.id)).toBe('delivered');
  expect(harbour.closed).toEqual(['a-1']);
});

test('a channel that never ends cannot hold up a stop for longer than the grace and a moment', async () => {
  harbour.script('a', () => new Promise(() => {}));
  await harbour.apply(channel('a'));
  const [delivery] = await harbour.owe('a');
  const stopping = harbour.lanes.stop(5_000);
  await harbour.clock.advance(5_000 + SETTLE_MS);
  await stopping;
  expect(await state(delivery!.id)).toBe('pending');
});

test('resends and live deliveries share a channel: neither waits for the other to end', async () => {
  await harbour.apply(channel('a', { rate: { count: 1, per: 1_000 }, concurrency: 4 }));
  const byHand = Array.from({ length: 20 }, () =>
    harbour.lanes.attemptManually('a', sampleDelivery({ id: newId(harbour.clock.now()), channel: 'a' })),
  );
  const live = await harbour.owe('a', {}, 5);
  await harbour.clock.advance(11_000);
  expect(await state(live[4]!.id)).toBe('delivered');
  await harbour.clock.advance(30_000);
  expect((await Promise.all(byHand)).map((result) => result?.kind)).toEqual(
    Array.from({ length: 20 }, () => 'delivered'),
  );
});

test('an attempt by hand waits while the far side asks for patience', async () => {
  harbour.script(
    'a',
    fails(new SendFailure('transient', 'http.429', 'slow down', { rateLimited: true, retryAfter: 90_000 })),
    ok,
  );
  await harbour.apply(channel('a'));
  const start = harbour.clock.now();
  await harbour.owe('a');
  const byHand = harbour.lanes.attemptManually('a', sampleDelivery({ id: newId(start), channel: 'a' }));
  await harbour.clock.advance(89_000);
  expect(harbour.sent).toHaveLength(1);
  await harbour.clock.advance(1_000);
  await byHand;
  expect(harbour.sent[1]!.at - start).toBe(90_000);
});

test('a message that can still arrive in time goes to the fallback, one that cannot does not', async () => {
  harbour.script('a', down);
  await harbour.apply(channel('a', { fallback: 'b', retry: [3_600_000] }), channel('b'));
  await harbour.owe('a', { expiresAt: harbour.clock.now() + 600_000 });
  expect(harbour.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  await harbour.apply(channel('a', { fallback: 'b', paused: true }), channel('b'));
  await harbour.owe('a', { expiresAt: harbour.clock.now() + 600_000 });
  await harbour.clock.advance(600_000);
  expect(harbour.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  expect((await harbour.letters()).map((letter) => letter.class)).toEqual(['expired', 'expired']);
});

test('a message that was handed over and never acknowledged goes to the fallback, and says what happened', async () => {
  harbour.script('a', async () => ({ awaiting: 'receipt', until: harbour.clock.now() + 60_000 }));
  await harbour.apply(channel('a', { fallback: 'b' }), channel('b'));
  await harbour.owe('a');
  await harbour.clock.advance(60_000);
  expect(harbour.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  expect(await harbour.letters()).toMatchObject([{ class: 'expired', error: { code: 'receipt.missing' } }]);
});

test("a fallback of another type does not inherit recipients in the first one's terms, and names where it comes from", async () => {
  harbour.script('a', wrongToken);
  await harbour.apply(channel('a', { fallback: 'b' }), { ...channel('b'), type: 'other' });
  const { message } = sampleDelivery();
  await harbour.owe('a', { message: { ...message, to: ['@alice'] } });
  const second = await harbour.store.deliveries.find(harbour.sent[1]!.id);
  expect(second?.delivery.message.to).toBeUndefined();
  expect(second?.delivery).toMatchObject({ fallbackOf: 'a', channelType: 'other' });
});

test('a delivery whose letter was written before the power went is not sent again, and its fallback is', async () => {
  harbour.script('a', wrongToken);
  await harbour.apply(channel('a', { fallback: 'b' }), channel('b'));
  const settle = harbour.store.deliveries.settle.bind(harbour.store.deliveries);
  harbour.store.deliveries.settle = () => new Promise(() => {});
  const [delivery] = await harbour.owe('a');
  expect(await harbour.letters()).toHaveLength(1);
  const stopping = harbour.lanes.stop(0);
  await harbour.clock.advance(5_000);
  void stopping;
  harbour.store.deliveries.settle = settle;
  harbour.store.deliveries.release([delivery!.id]);
  harbour.lanes = harbour.newLanes();
  harbour.script('a', ok);
  await harbour.apply(channel('a', { fallback: 'b' }, 'a-2'), channel('b'));
  await harbour.clock.advance(0);
  expect(harbour.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  expect(await state(delivery!.id)).toBe('dead');
  expect(await harbour.letters()).toHaveLength(1);
});

test('a receipt that comes twice, or for what is no more, is told once', async () => {
  harbour.script('a', async () => ({ awaiting: 'receipt', until: harbour.clock.now() + 60_000 }));
  await harbour.apply(channel('a'));
  const [delivery] = await harbour.owe('a');
  await harbour.lanes.received([delivery!.id], { id: 'ack' });
  await harbour.lanes.received([delivery!.id, 'nobody'], { id: 'ack' });
  expect(harbour.settled.filter(({ settlement }) => settlement.state === 'delivered')).toHaveLength(1);
});

test('no timer is left behind by a stop', async () => {
  harbour.script('a', down);
  await harbour.apply(channel('a', { rate: { count: 1, per: 60_000 } }), channel('b', { paused: true }));
  await harbour.owe('a', {}, 3);
  await harbour.owe('b', { expiresAt: harbour.clock.now() + 60_000 });
  await harbour.lanes.stop(0);
  expect(harbour.clock.waiting).toBe(0);
});

test('a hundred hanging deliveries use no more than the concurrency', async () => {
  harbour.script('a', hangs);
  await harbour.apply(channel('a', { concurrency: 3 }));
  await harbour.owe('a', {}, 100);
  expect(harbour.sent).toHaveLength(3);
});

test('a wall clock that is set back does not make a retry wait for as long again', async () => {
  harbour.script('a', down, ok);
  await harbour.apply(channel('a', { retry: [60_000] }));
  const [delivery] = await harbour.owe('a');
  const now = harbour.clock.now.bind(harbour.clock);
  harbour.clock.now = () => now() - 24 * 3_600_000;
  await harbour.clock.advance(60_000);
  expect(await state(delivery!.id)).toBe('delivered');
});

test('a channel that comes back while the removed one winds up keeps what is owed', async () => {
  const far = held();
  harbour.script('a', far.reply, ok);
  await harbour.apply(channel('a', { concurrency: 1, retry: [1_000] }));
  const [delivery] = await harbour.owe('a');
  await harbour.apply();
  await harbour.apply(channel('a', { concurrency: 1, retry: [1_000] }));
  far.answers[0]!(new SendFailure('transient', 'http.503', 'unavailable'));
  await harbour.clock.advance(2_000);
  expect(await state(delivery!.id)).toBe('delivered');
  expect(await harbour.letters()).toEqual([]);
});

test('lanes that are lent send by hand and leave what is owed alone', async () => {
  await harbour.lanes.openForManual(new Map([['a', channel('a')]]));
  const [owed] = await harbour.owe('a', { expiresAt: harbour.clock.now() + 1_000 });
  const byHand = harbour.lanes.attemptManually('a', sampleDelivery({ id: newId(harbour.clock.now()), channel: 'a' }));
  await harbour.clock.advance(5_000);
  expect(await byHand).toMatchObject({ kind: 'delivered' });
  expect(await state(owed!.id)).toBe('pending');
});

test('a breaker that one of our own events opened is told at the first failure of another one, and so is the recovery', async () => {
  harbour.script('a', down, ...Array.from({ length: 10 }, () => down), ok);
  await harbour.apply(channel('a', { retry: [3_600_000], concurrency: 1 }));
  await harbour.owe('a', { event: { ...sampleDelivery().event, source: 'belfry' } }, 5);
  expect(harbour.lanes.status()).toMatchObject([{ state: 'failing' }]);
  expect(harbour.notices).toEqual([]);
  await harbour.owe('a');
  await harbour.clock.advance(600_000);
  expect(harbour.notices.map(({ type }) => type)).toEqual(['belfry.channel.failing', 'belfry.channel.recovered']);
});
