import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StateChange } from '../../../daemon/core/flow/decision.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { changesStates } from './decisions.ts';
import { looksBack } from './history.ts';
import {
  ATTEMPT,
  ERROR,
  FAILED,
  HOUR,
  NOW,
  RECEIPT,
  claim,
  decision,
  delivery,
  event,
  idsClaimed,
  owed,
  take,
  takeDead,
  takeMany,
} from './samples.ts';

/** What every store does, whatever it stands on. `open` gives a fresh one. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    describe('taking events in', () => takesEvents(() => store));
    describe('telling repetitions', () => tellsRepetitions(() => store));
    describe('rule states', () => keepsStates(() => store));
    describe('what no event caused', () => changesStates(() => store));
    describe('history', () => looksBack(() => store));
    describe('claiming', () => claims(() => store));
    describe('settling', () => settles(() => store));
    describe('order by key', () => keepsOrder(() => store));
    describe('dead deliveries and requeues', () => buries(() => store));
    describe('marks', () => keepsMarks(() => store));
    describe('pushes', () => pushes(() => store));
    describe('forgetting', () => forgets(() => store));
    describe('audit', () => audits(() => store));
  });
}

function takesEvents(the: () => Store): void {
  it('finds an event by the id it was given here', async () => {
    const one = event({ subject: 'acme/api', traceparent: 'x' });
    await take(the(), [owed(one)]);
    expect(await the().event(one.id)).toEqual({
      event: one,
      receivedAt: NOW,
      outcomes: { deploys: 'notified' },
      results: [{ rule: 'deploys', key: 'acme/api', outcome: 'notified' }],
      later: [],
    });
  });

  it('finds an event by an id that its sender chose', async () => {
    const one = event({ id: 'push-17' });
    await the().transact({ arrivals: [{ event: one, mayRepeat: true }], now: NOW }, () => decision());
    expect((await the().event('push-17'))?.event).toEqual(one);
  });

  it('finds events and deliveries whose ids contain anything', async () => {
    for (const id of ['a\u0000b', 'a\u0000c', '\ud800', "'; DROP TABLE events; --", '', 'x'.repeat(5000)]) {
      const one = event({ id });
      await the().transact({ arrivals: [{ event: one, mayRepeat: true }], now: NOW }, () =>
        decision([owed(one, { id })]),
      );
      expect((await the().event(id))?.event).toEqual(one);
      expect((await the().deliveries.find(id))?.delivery.id).toBe(id);
    }
    expect(await the().trim({ before: NOW + HOUR, bytes: 0 })).toBe(0);
    for (const { id } of await claim(the())) await the().deliveries.settle(id, { state: 'cancelled' });
    expect(await the().trim({ before: NOW + HOUR, bytes: 0 })).toBe(6);
    expect((await the().audit(new Set())).violations).toEqual([]);
  });

  it('finds events whose ids come out of order', async () => {
    const [first, second] = [event(), event()];
    await take(the(), [owed(second)]);
    await take(the(), [owed(first)]);
    expect((await the().event(first.id))?.event).toEqual(first);
    expect((await the().event(second.id))?.event).toEqual(second);
  });

  it('knows nothing of an id it has never seen', async () => {
    expect(await the().event(event().id)).toBeUndefined();
    expect(await the().event('nothing')).toBeUndefined();
    expect(await the().deliveries.find('nothing')).toBeUndefined();
    expect(await the().deliveries.ofEvent('nothing')).toEqual([]);
  });

  it('leaves rules that did not match out of the outcomes', async () => {
    const one = event();
    const results = [
      { rule: 'a', outcome: 'no_match' },
      { rule: 'b', outcome: 'throttled' },
    ] as const;
    await the().transact({ arrivals: [{ event: one, mayRepeat: false }], now: NOW }, () => ({
      ...decision(),
      results,
    }));
    expect((await the().event(one.id))?.outcomes).toEqual({ b: 'throttled' });
  });

  it('takes all events of a call or none', async () => {
    const [good, bad] = [event(), event()];
    const arrivals = [good, bad].map((one) => ({ event: one, mayRepeat: false }));
    const taking = the().transact({ arrivals, now: NOW }, (one) => {
      if (one === bad) throw new Error('no decision');
      return decision([owed(one)]);
    });
    await expect(taking).rejects.toThrow('no decision');
    expect(await the().event(good.id)).toBeUndefined();
    expect(await claim(the())).toEqual([]);
  });

  it('answers with the decision and the deliveries it caused', async () => {
    const one = event();
    const [first, second] = [owed(one), owed(one, { channel: 'mail' })];
    const accepted = await take(the(), [first, second]);
    expect(accepted).toMatchObject({ id: one.id, duplicate: false });
    expect(accepted.deliveries).toEqual([first.delivery.id, second.delivery.id]);
    expect(accepted.decision?.deliveries).toHaveLength(2);
  });

  it('gives back what it was given, whatever it contains', async () => {
    const one = event({
      data: JSON.parse(
        '{"__proto__": {"a": 1}, "text": "\\u2028 \\ud83d\\ude00 \\u0000 \'; DROP TABLE events", "n": 1e300}',
      ),
    });
    const made = owed(one, { key: "k'\u0000ey", message: { ...delivery(one).message, body: 'x'.repeat(1 << 20) } });
    await take(the(), [made]);
    expect(JSON.stringify((await the().event(one.id))?.event)).toBe(JSON.stringify(one));
    expect((await the().deliveries.find(made.delivery.id))?.delivery).toEqual(made.delivery);
  });
}

function tellsRepetitions(the: () => Store): void {
  const chosen = event({ id: 'build-9', source: 'ci' });
  const post = (one = chosen, decide = () => decision([owed(one)])) =>
    the().transact({ arrivals: [{ event: one, mayRepeat: true }], now: NOW }, decide);

  it('runs the same source and id once, and answers with the first deliveries', async () => {
    const [first] = await post();
    const [second] = await post(chosen, () => {
      throw new Error('decided twice');
    });
    expect(second).toEqual({ id: 'build-9', duplicate: true, deliveries: first!.deliveries });
    expect(await claim(the())).toHaveLength(1);
  });

  it('runs it once when many post it at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => post()));
    expect(answers.flat().filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(answers.flat().map(({ deliveries }) => deliveries[0]))).toHaveLength(1);
    expect(await claim(the())).toHaveLength(1);
  });

  it('runs it once when one call holds it twice', async () => {
    const arrival = { event: chosen, mayRepeat: true };
    const answers = await the().transact({ arrivals: [arrival, arrival], now: NOW }, () => decision([owed(chosen)]));
    expect(answers.map(({ duplicate }) => duplicate)).toEqual([false, true]);
    expect(answers[1]!.deliveries).toEqual(answers[0]!.deliveries);
  });

  it('knows each of thousands again, and finds the first and the last', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => event({ id: `run-${index}`, source: 'ci' }));
    const postAll = async (): Promise<readonly boolean[]> => {
      const answers = await Promise.all(many.map((one) => post(one)));
      return answers.map(([accepted]) => accepted!.duplicate);
    };
    expect(new Set(await postAll())).toEqual(new Set([false]));
    expect(new Set(await postAll())).toEqual(new Set([true]));
    for (const one of [many[0]!, many[1023]!, many[1024]!, many.at(-1)!])
      expect((await the().event(one.id))?.event).toEqual(one);
  });

  it('takes the same id from another source for another event', async () => {
    await post();
    const [other] = await post({ ...chosen, source: 'other' });
    expect(other!.duplicate).toBe(false);
  });

  it('knows an event again that got its id here', async () => {
    const one = event();
    await take(the(), [owed(one)]);
    const [again] = await post(one);
    expect(again!.duplicate).toBe(true);
  });

  it('tries again after the first attempt was refused', async () => {
    await expect(
      post(chosen, () => {
        throw new Error('refused');
      }),
    ).rejects.toThrow('refused');
    const [second] = await post();
    expect(second!.duplicate).toBe(false);
  });

  const sameData = (first: Event, again: Event): boolean => JSON.stringify(first.data) === JSON.stringify(again.data);
  const careful = (one: Event, isSame = sameData) => ({ event: one, mayRepeat: true, isSame });
  const postCarefully = (...events: readonly Event[]) =>
    the().transact({ arrivals: events.map((one) => careful(one)), now: NOW }, (one) => decision([owed(one)]));

  it('refuses a repeated id that its source says is another event, also while the first is under way', async () => {
    const other = { ...chosen, data: { other: true } };
    const first = postCarefully(chosen);
    await expect(postCarefully(other)).rejects.toMatchObject({ code: 'store.conflict' });
    await first;
    await expect(postCarefully(other)).rejects.toMatchObject({ code: 'store.conflict' });
    expect(await postCarefully(chosen)).toMatchObject([{ id: 'build-9', duplicate: true }]);
    expect(await claim(the())).toHaveLength(1);
  });

  it('takes nothing of a call that holds one id for two events', async () => {
    const fresh = event({ id: 'fresh' });
    await expect(postCarefully(fresh, chosen, { ...chosen, data: 1 })).rejects.toMatchObject({
      code: 'store.conflict',
    });
    expect(await the().event('fresh')).toBeUndefined();
    expect(await postCarefully(chosen, chosen)).toMatchObject([{ duplicate: false }, { duplicate: true }]);
  });

  const keyed = (key: string, bodyHash: string, one = event()) =>
    the().transact({ arrivals: [{ event: one, mayRepeat: false }], idempotency: { key, bodyHash }, now: NOW }, () =>
      decision([owed(one)]),
    );

  it('answers an Idempotency-Key with its first answer', async () => {
    const [first] = await keyed('k1', 'h1');
    expect(await keyed('k1', 'h1')).toEqual([{ id: first!.id, duplicate: true, deliveries: first!.deliveries }]);
    expect(await claim(the())).toHaveLength(1);
  });

  it('answers one Idempotency-Key posted many times at once with one event', async () => {
    const answers = (await Promise.all(Array.from({ length: 64 }, () => keyed('k1', 'h1')))).flat();
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(answers.map(({ id }) => id))).toHaveLength(1);
  });

  it('refuses an Idempotency-Key with another body, also while the first is under way', async () => {
    const first = keyed('k1', 'h1');
    await expect(keyed('k1', 'h2')).rejects.toMatchObject({ code: 'store.conflict' });
    await first;
    await expect(keyed('k1', 'h2')).rejects.toMatchObject({ code: 'store.conflict' });
  });
}

function keepsStates(the: () => Store): void {
  const change = (value: unknown, expires = NOW + HOUR, key = 'k'): StateChange => ({
    rule: 'r',
    key,
    step: 'throttle',
    value,
    expires,
  });
  const count = (now = NOW) =>
    the().transact({ arrivals: [{ event: event(), mayRepeat: false }], now }, (_, memory) =>
      decision([], [change(Number(memory.read('r', 'k', 'throttle') ?? 0) + 1)]),
    );
  const seen = async (now = NOW): Promise<unknown> => {
    let value: unknown;
    await the().transact({ arrivals: [{ event: event(), mayRepeat: false }], now }, (_, memory) => {
      value = memory.read('r', 'k', 'throttle');
      return decision();
    });
    return value;
  };

  it('shows each decision the changes of those before it, on disk or not', async () => {
    await Promise.all(Array.from({ length: 50 }, () => count()));
    expect(await seen()).toBe(50);
  });

  it('shows the second event of a call what the first changed', async () => {
    const arrivals = [event(), event(), event()].map((one) => ({ event: one, mayRepeat: false }));
    await the().transact({ arrivals, now: NOW }, (_, memory) =>
      decision([], [change(Number(memory.read('r', 'k', 'throttle') ?? 0) + 1)]),
    );
    expect(await seen()).toBe(3);
  });

  it('undoes what a call changed when a later decision of it throws', async () => {
    await count();
    const [one, two] = [event(), event()];
    const arrivals = [one, two].map((each) => ({ event: each, mayRepeat: false }));
    const failing = the().transact({ arrivals, now: NOW }, (each) => {
      if (each === two) throw new Error('bug');
      return decision([], [change(99)]);
    });
    await expect(failing).rejects.toThrow('bug');
    expect(await seen()).toBe(1);
  });

  it('forgets a state that is set to null', async () => {
    await count();
    await the().transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, () =>
      decision([], [change(null)]),
    );
    expect(await seen()).toBeUndefined();
  });

  it('does not show a state that has expired', async () => {
    await count();
    expect(await seen(NOW + HOUR - 1)).toBe(1);
    expect(await seen(NOW + HOUR)).toBeUndefined();
  });

  it('keeps the states of rules, keys and steps apart', async () => {
    const states = [
      change(1),
      change(2, NOW + HOUR, 'other'),
      { ...change(3), rule: 'q' },
      { ...change(4), step: 'for' },
    ];
    await the().transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, () => decision([], states));
    expect(await seen()).toBe(1);
  });
}

function claims(the: () => Store): void {
  it('hands out what is due, earliest first, each once', async () => {
    const made = await takeMany(the(), 4, (index) => ({ dueAt: NOW - index }));
    const later = await takeMany(the(), 1, () => ({ dueAt: NOW + 1 }));
    expect(await idsClaimed(the(), { limit: 3 })).toEqual([made[3]!.id, made[2]!.id, made[1]!.id]);
    expect(await idsClaimed(the())).toEqual([made[0]!.id]);
    expect(await idsClaimed(the())).toEqual([]);
    expect(the().deliveries.nextDue('ops')).toBe(NOW + 1);
    expect(await idsClaimed(the(), { now: NOW + 1 })).toEqual([later[0]!.id]);
  });

  it('hands out the delivery whole, with its event', async () => {
    const [made] = await takeMany(the(), 1, () => ({ expiresAt: NOW + HOUR, fallbackOf: 'mail' }));
    expect(await claim(the())).toEqual([made]);
  });

  it('hands out each once when many claim at the same time', async () => {
    await takeMany(the(), 50);
    const claimed = (await Promise.all(Array.from({ length: 20 }, () => idsClaimed(the(), { limit: 5 })))).flat();
    expect(new Set(claimed)).toHaveLength(50);
    expect(claimed).toHaveLength(50);
  });

  it('keeps channels apart', async () => {
    await takeMany(the(), 2);
    const [mail] = await takeMany(the(), 1, () => ({ channel: 'mail' }));
    expect(await idsClaimed(the(), { channel: 'mail' })).toEqual([mail!.id]);
    expect(the().deliveries.channels()).toEqual(['ops', 'mail']);
    expect(the().deliveries.nextDue('nobody')).toBeUndefined();
    expect(await idsClaimed(the(), { channel: 'nobody' })).toEqual([]);
  });

  it('takes claims back unchanged', async () => {
    const [made] = await takeMany(the(), 1);
    await claim(the());
    the().deliveries.release([made!.id]);
    the().deliveries.release([made!.id, 'nothing']);
    expect(await claim(the())).toEqual([made]);
    expect(await claim(the())).toEqual([]);
  });

  it('tells who listens which channel has something new', async () => {
    const heard: string[] = [];
    the().deliveries.onReady((channel) => heard.push(channel));
    const [made] = await takeMany(the(), 1);
    await takeMany(the(), 1, () => ({ channel: 'mail' }));
    expect(heard).toEqual(['ops', 'mail']);
    await claim(the());
    the().deliveries.release([made!.id]);
    await Promise.resolve();
    expect(heard).toEqual(['ops', 'mail', 'ops']);
  });

  it('counts what is owed by channel', async () => {
    await takeMany(the(), 3);
    await claim(the(), { limit: 1 });
    const { byChannel } = the().deliveries.counts();
    expect(byChannel.get('ops')).toMatchObject({ pending: 2, sending: 1 });
    expect(Math.abs(byChannel.get('ops')!.oldest! - NOW)).toBeLessThan(HOUR);
  });

  it('claims what has expired, whatever it is due', async () => {
    const [late, early, never] = await takeMany(the(), 3, (index) => ({
      dueAt: NOW + HOUR,
      ...(index < 2 && { expiresAt: NOW + 2 - index }),
    }));
    expect(the().deliveries.nextExpiry('ops')).toBe(NOW + 1);
    const options = { limit: 10, now: NOW + 2 };
    const expired = await the().deliveries.claimExpired('ops', options);
    expect(expired.map(({ id }) => id)).toEqual([early!.id, late!.id]);
    expect(await the().deliveries.claimExpired('ops', options)).toEqual([]);
    expect(the().deliveries.nextExpiry('ops')).toBeUndefined();
    expect(await idsClaimed(the(), { now: NOW + HOUR })).toEqual([never!.id]);
  });

  it('moves what waits for its first attempt, and its expiry with it', async () => {
    const [moved, left, retried, claimed] = await takeMany(the(), 4, (index) => ({
      dueAt: index > 1 ? NOW : NOW + HOUR,
      ...(index === 0 && { expiresAt: NOW + 2 * HOUR }),
    }));
    await claim(the(), { limit: 2 });
    await the().deliveries.settle(retried!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
    const asked: string[] = [];
    await the().deliveries.reschedule(NOW, ({ id }, dueAt) => {
      asked.push(id);
      expect(dueAt).toBe(NOW + HOUR);
      return id === moved!.id ? NOW + 5 : undefined;
    });
    expect(asked.toSorted()).toEqual([moved!.id, left!.id].toSorted());
    expect(await the().deliveries.find(claimed!.id)).toMatchObject({ state: 'sending' });
    expect(the().deliveries.nextDue('ops')).toBe(NOW + 5);
    expect(the().deliveries.nextExpiry('ops')).toBe(NOW + HOUR + 5);
    expect(await the().deliveries.find(moved!.id)).toMatchObject({
      dueAt: NOW + 5,
      delivery: { expiresAt: NOW + HOUR + 5 },
    });
    expect(await idsClaimed(the(), { now: NOW + 5 })).toEqual([moved!.id]);
  });

  it('makes only those due at once that wait for a retry', async () => {
    const [retried, fresh] = await takeMany(the(), 2, (index) => ({ dueAt: NOW + index * HOUR }));
    await claim(the());
    await the().deliveries.settle(retried!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
    await the().deliveries.retryNow('ops', NOW + 1);
    expect(await idsClaimed(the(), { now: NOW + 1 })).toEqual([retried!.id]);
    expect((await the().deliveries.find(fresh!.id))?.dueAt).toBe(NOW + HOUR);
  });
}

function settles(the: () => Store): void {
  const one = async (extra: Parameters<typeof delivery>[1] = {}) => {
    const [made] = await takeMany(the(), 1, () => extra);
    await claim(the());
    return made!;
  };

  it('keeps what was delivered, with its receipt and attempt', async () => {
    const made = await one();
    expect((await the().deliveries.find(made.id))?.state).toBe('sending');
    await the().deliveries.settle(made.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect(await the().deliveries.find(made.id)).toEqual({
      delivery: { ...made, attempts: [ATTEMPT] },
      state: 'delivered',
      receipt: RECEIPT,
    });
    expect(the().deliveries.counts()).toMatchObject({ delivered: 1, dead: 0 });
    expect(the().deliveries.channels()).toEqual([]);
  });

  it('adds each attempt to those before', async () => {
    const made = await one();
    await the().deliveries.settle(made.id, { state: 'pending', attempt: FAILED, dueAt: NOW + 5 });
    expect(await the().deliveries.find(made.id)).toMatchObject({ state: 'pending', dueAt: NOW + 5 });
    const [again] = await claim(the(), { now: NOW + 5 });
    expect(again!.attempts).toEqual([FAILED]);
    await the().deliveries.settle(made.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect((await the().deliveries.find(made.id))?.delivery.attempts).toEqual([FAILED, ATTEMPT]);
  });

  it('puts off without an attempt', async () => {
    const made = await one();
    await the().deliveries.settle(made.id, { state: 'pending', dueAt: NOW + 5 });
    expect(the().deliveries.nextDue('ops')).toBe(NOW + 5);
    expect((await claim(the(), { now: NOW + 5 }))[0]!.attempts).toEqual([]);
  });

  it('changes nothing when it is settled already', async () => {
    const made = await one();
    await Promise.all([
      the().deliveries.settle(made.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT }),
      the().deliveries.settle(made.id, { state: 'dead', class: 'permanent', error: ERROR }),
    ]);
    await the().deliveries.settle(made.id, { state: 'pending', attempt: FAILED, dueAt: NOW });
    expect(await the().deliveries.find(made.id)).toMatchObject({ state: 'delivered', receipt: RECEIPT });
    expect(await claim(the())).toEqual([]);
    expect(the().deliveries.counts()).toMatchObject({ delivered: 1, dead: 0 });
    await the().deliveries.settle('nothing', { state: 'cancelled' });
  });

  it('puts off a second time only what was claimed again', async () => {
    const made = await one();
    const retry = { state: 'pending', attempt: FAILED, dueAt: NOW + 5 } as const;
    await Promise.all([the().deliveries.settle(made.id, retry), the().deliveries.settle(made.id, retry)]);
    expect((await the().deliveries.find(made.id))?.delivery.attempts).toEqual([FAILED]);
  });

  it('waits for a receipt, and takes it at any time', async () => {
    const made = await one();
    await the().deliveries.settle(made.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    expect(await claim(the(), { now: NOW + 2 * HOUR })).toEqual([]);
    expect(the().deliveries.nextDue('ops')).toBeUndefined();
    expect(the().deliveries.nextExpiry('ops')).toBe(NOW + HOUR);
    expect((await the().deliveries.find(made.id))?.state).toBe('sending');
    expect(the().deliveries.counts().byChannel.get('ops')).toMatchObject({ pending: 0, sending: 1 });
    await the().deliveries.settle(made.id, { state: 'delivered', receipt: RECEIPT });
    expect((await the().deliveries.find(made.id))?.delivery.attempts).toEqual([ATTEMPT]);
    expect(the().deliveries.nextExpiry('ops')).toBeUndefined();
  });

  it('takes a receipt that comes while the wait for it is being written', async () => {
    const made = await one();
    const waiting = the().deliveries.settle(made.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    await the().deliveries.settle(made.id, { state: 'delivered', receipt: RECEIPT });
    await waiting;
    expect(await the().deliveries.find(made.id)).toMatchObject({ state: 'delivered', receipt: RECEIPT });
  });

  it('claims what awaits a receipt when the wait is over', async () => {
    const made = await one({ expiresAt: NOW + 10 * HOUR });
    await the().deliveries.settle(made.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    const [expired] = await the().deliveries.claimExpired('ops', { limit: 5, now: NOW + HOUR });
    expect(expired?.id).toBe(made.id);
    the().deliveries.release([made.id]);
    expect(the().deliveries.nextExpiry('ops')).toBe(NOW + HOUR);
    await the().deliveries.claimExpired('ops', { limit: 5, now: NOW + HOUR });
    await the().deliveries.settle(made.id, { state: 'dead', class: 'expired', error: ERROR });
    expect(await the().deliveries.find(made.id)).toMatchObject({
      state: 'dead',
      error: { ...ERROR, class: 'expired' },
    });
  });

  it('remembers the expiry of what is tried again after a wait for a receipt', async () => {
    const made = await one({ expiresAt: NOW + 10 * HOUR });
    await the().deliveries.settle(made.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    await the().deliveries.settle(made.id, { state: 'pending', dueAt: NOW + HOUR });
    expect(the().deliveries.nextExpiry('ops')).toBe(NOW + 10 * HOUR);
    expect(the().deliveries.nextDue('ops')).toBe(NOW + HOUR);
  });

  it('owes the fallback in the same breath as the death', async () => {
    const made = await one();
    const fallback = owed(made.event, { channel: 'mail', fallbackOf: 'ops' });
    const end = { state: 'dead', class: 'permanent', error: ERROR, attempt: FAILED, fallback } as const;
    await Promise.all([the().deliveries.settle(made.id, end), the().deliveries.settle(made.id, end)]);
    expect(await claim(the(), { channel: 'mail' })).toEqual([fallback.delivery]);
    const all = await the().deliveries.ofEvent(made.event.id);
    expect(all.map(({ delivery: { id }, state }) => [id, state])).toEqual([
      [made.id, 'dead'],
      [fallback.delivery.id, 'sending'],
    ]);
    expect((await the().audit(new Set([made.id]))).violations).toEqual([]);
  });

  it('cancels', async () => {
    const made = await one();
    await the().deliveries.settle(made.id, { state: 'cancelled' });
    expect((await the().deliveries.find(made.id))?.state).toBe('cancelled');
    expect(await claim(the())).toEqual([]);
  });

  it('settles deliveries whose ids were chosen elsewhere', async () => {
    const made = await one({ id: 'mine-1' });
    expect((await the().deliveries.find('mine-1'))?.state).toBe('sending');
    await the().deliveries.settle('mine-1', { state: 'delivered', receipt: RECEIPT });
    expect((await the().deliveries.find('mine-1'))?.state).toBe('delivered');
    expect((await the().deliveries.ofEvent(made.event.id))[0]?.delivery.id).toBe('mine-1');
  });
}

function keepsOrder(the: () => Store): void {
  const ordered = { ordered: true };

  it('hands out one of a key at a time, in order of arrival', async () => {
    const made = await takeMany(the(), 3, (index) => ({ dueAt: NOW - index }));
    for (const { id } of made) {
      expect(await idsClaimed(the(), ordered)).toEqual([id]);
      expect(the().deliveries.nextDue('ops')).toBeUndefined();
      await the().deliveries.settle(id, { state: 'delivered', receipt: RECEIPT });
    }
    expect(await idsClaimed(the(), ordered)).toEqual([]);
  });

  it('holds back what comes after one that waits for its retry, and nothing else', async () => {
    const [first, second, other] = await takeMany(the(), 3, (index) => ({ key: index === 2 ? 'b' : 'a' }));
    expect(await idsClaimed(the(), ordered)).toEqual([first!.id, other!.id]);
    await the().deliveries.settle(first!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
    expect(await idsClaimed(the(), ordered)).toEqual([]);
    expect(await idsClaimed(the(), { ...ordered, now: NOW + HOUR })).toEqual([first!.id]);
    await the().deliveries.settle(first!.id, { state: 'dead', class: 'exhausted', error: ERROR });
    expect(await idsClaimed(the(), ordered)).toEqual([second!.id]);
  });

  it('holds back what comes after one that awaits its receipt', async () => {
    const [first, second] = await takeMany(the(), 2);
    await claim(the(), ordered);
    await the().deliveries.settle(first!.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    expect(await idsClaimed(the(), ordered)).toEqual([]);
    await the().deliveries.settle(first!.id, { state: 'delivered', receipt: RECEIPT });
    expect(await idsClaimed(the(), ordered)).toEqual([second!.id]);
  });

  it('tells who listens when the next of a key may go', async () => {
    const [first] = await takeMany(the(), 2);
    await claim(the(), ordered);
    const heard: string[] = [];
    the().deliveries.onReady((channel) => heard.push(channel));
    await the().deliveries.settle(first!.id, { state: 'delivered', receipt: RECEIPT });
    expect(heard).toEqual(['ops']);
  });

  it('lets all go when the order is no longer asked for', async () => {
    const made = await takeMany(the(), 3);
    expect(await idsClaimed(the(), ordered)).toEqual([made[0]!.id]);
    expect(await idsClaimed(the())).toEqual([made[1]!.id, made[2]!.id]);
  });
}

function buries(the: () => Store): void {
  it('turns a dead delivery that was resent into a delivered one', async () => {
    const dead = await takeDead(the());
    expect(await the().deliveries.find(dead.id)).toMatchObject({
      state: 'dead',
      error: { ...ERROR, class: 'permanent' },
    });
    await the().deliveries.resolveDead(dead.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    await the().deliveries.resolveDead(dead.id, { state: 'cancelled' });
    expect(await the().deliveries.find(dead.id)).toMatchObject({
      state: 'delivered',
      receipt: RECEIPT,
      delivery: { attempts: [FAILED, ATTEMPT] },
    });
    expect(the().deliveries.counts()).toMatchObject({ delivered: 1, dead: 0 });
    expect((await the().audit(new Set())).violations).toEqual([]);
  });

  it('drops a dead delivery, and leaves every other alone', async () => {
    const dead = await takeDead(the());
    const [alive] = await takeMany(the(), 1);
    for (const id of [dead.id, alive!.id, 'nothing']) await the().deliveries.resolveDead(id, { state: 'cancelled' });
    expect((await the().deliveries.find(dead.id))?.state).toBe('cancelled');
    expect((await the().deliveries.find(alive!.id))?.state).toBe('pending');
    expect((await the().audit(new Set())).violations).toEqual([]);
  });

  it('owes what no event decided, once', async () => {
    const one = event();
    await take(the(), [], one);
    const requeued = owed(one);
    await Promise.all([the().deliveries.enqueue([requeued]), the().deliveries.enqueue([requeued])]);
    await the().deliveries.enqueue([requeued]);
    expect(await claim(the())).toEqual([requeued.delivery]);
    expect(await the().deliveries.ofEvent(one.id)).toHaveLength(1);
    expect((await the().audit(new Set())).violations).toEqual([]);
  });

  it('owes a delivery of an event that is not stored', async () => {
    const requeued = owed(event(), { attempts: [FAILED] });
    await the().deliveries.enqueue([requeued]);
    expect(await claim(the())).toEqual([requeued.delivery]);
    await the().deliveries.settle(requeued.delivery.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect((await the().deliveries.find(requeued.delivery.id))?.delivery.attempts).toEqual([FAILED, ATTEMPT]);
    expect((await the().audit(new Set())).violations).toEqual([]);
  });
}

function keepsMarks(the: () => Store): void {
  it('keeps them by scope, and forgets what is set to null', async () => {
    await the().checkpoints.write('source:a', [
      { key: 'x', value: '1' },
      { key: 'y', value: '2' },
    ]);
    await the().checkpoints.write('source:b', [{ key: 'x', value: '3' }]);
    await the().checkpoints.write('source:a', [
      { key: 'x', value: '4' },
      { key: 'y', value: null },
    ]);
    expect(await the().checkpoints.read('source:a')).toEqual(new Map([['x', '4']]));
    expect(await the().checkpoints.read('source:b')).toEqual(new Map([['x', '3']]));
  });

  it('gives back keys and values whatever they contain', async () => {
    const marks = ['a\u0000b', 'a\u0000c', '\ud800', '\ud801', '"quoted"', '😀', ''].map((key) => ({
      key,
      value: `${key}!`,
    }));
    await the().checkpoints.write('a\u0000b', marks);
    expect(await the().checkpoints.read('a\u0000b')).toEqual(new Map(marks.map(({ key, value }) => [key, value])));
    expect(await the().checkpoints.read('a')).toEqual(new Map());
  });

  it('commits them with their event, also with a repeated one', async () => {
    const chosen = event({ id: 'line-1' });
    const post = (value: string) =>
      the().transact(
        {
          arrivals: [
            { event: chosen, mayRepeat: true, checkpoints: [{ scope: 's', entries: [{ key: 'offset', value }] }] },
          ],
          now: NOW,
        },
        () => decision(),
      );
    await post('10');
    expect(await the().checkpoints.read('s')).toEqual(new Map([['offset', '10']]));
    await post('20');
    expect(await the().checkpoints.read('s')).toEqual(new Map([['offset', '20']]));
  });

  it('leaves them alone when the event was refused', async () => {
    const checkpoints = [{ scope: 's', entries: [{ key: 'offset', value: '10' }] }];
    const refused = the().transact({ arrivals: [{ event: event(), mayRepeat: false, checkpoints }], now: NOW }, () => {
      throw new Error('refused');
    });
    await expect(refused).rejects.toThrow('refused');
    expect(await the().checkpoints.read('s')).toEqual(new Map());
  });
}

function pushes(the: () => Store): void {
  const push = (delivery: string, to: string[], extra: { require?: 'any' | 'all'; keepUntil?: number } = {}) =>
    the().pushes.append({
      delivery,
      to,
      require: extra.require ?? 'any',
      frame: `frame of ${delivery}`,
      at: NOW,
      keepUntil: extra.keepUntil ?? NOW + HOUR,
    });
  const frames = async (user: string, seq: number, limit = 10) =>
    (await the().pushes.since(user, seq, { limit, now: NOW })).map(({ frame }) => frame.slice(9));

  it('gives a user what is addressed to them or to all, oldest first', async () => {
    await push('d1', ['ann']);
    await push('d2', ['bob']);
    await push('d3', ['*']);
    await push('d4', ['ann', 'bob', '*']);
    expect(await frames('ann', 0)).toEqual(['d1', 'd3', 'd4']);
    expect(await frames('bob', 0, 2)).toEqual(['d2', 'd3']);
    expect(await frames('eve', 3)).toEqual(['d4']);
    expect(the().pushes.head()).toBe(4);
  });

  it('pushes a delivery once', async () => {
    expect(await push('d1', ['ann'])).toBe(await push('d1', ['ann']));
    expect(await frames('ann', 0)).toEqual(['d1']);
  });

  it('completes a delivery at the first acknowledgement of anyone', async () => {
    const seq = await push('d1', ['ann', 'bob']);
    expect(await the().pushes.ack('ann', seq, NOW)).toEqual(['d1']);
    expect(await the().pushes.ack('bob', seq, NOW)).toEqual([]);
    expect(await the().pushes.ack('ann', seq, NOW)).toEqual([]);
  });

  it('completes a delivery for all when every named user has acknowledged it', async () => {
    const seq = await push('d1', ['ann', 'bob'], { require: 'all' });
    expect(await the().pushes.ack('ann', seq, NOW)).toEqual([]);
    expect(await the().pushes.ack('eve', seq, NOW)).toEqual([]);
    expect(await the().pushes.ack('bob', seq, NOW)).toEqual(['d1']);
  });

  it('takes an acknowledgement for all before it', async () => {
    await push('d1', ['ann']);
    await push('d2', ['bob']);
    const seq = await push('d3', ['*']);
    expect(await the().pushes.cursor('ann', NOW)).toBe(0);
    expect(await the().pushes.ack('ann', seq, NOW)).toEqual(['d1', 'd3']);
    expect(await the().pushes.cursor('ann', NOW)).toBe(seq);
    expect(await the().pushes.ack('ann', 1, NOW)).toEqual([]);
    expect(await the().pushes.cursor('ann', NOW)).toBe(seq);
  });

  it('does not believe an acknowledgement of what was never sent', async () => {
    await push('d1', ['ann']);
    await the().pushes.ack('ann', 99, NOW);
    await push('d2', ['ann']);
    expect(await frames('ann', await the().pushes.cursor('ann', NOW))).toEqual(['d2']);
  });

  it('begins a new user at the oldest push that nobody has acknowledged', async () => {
    await push('d1', ['*']);
    await the().pushes.ack('ann', 1, NOW);
    await push('d2', ['bob']);
    await push('d3', ['*']);
    expect(await the().pushes.cursor('eve', NOW)).toBe(2);
    expect(await the().pushes.cursor('bob', NOW)).toBe(1);
  });

  it('keeps a user in place who has been here but acknowledged nothing', async () => {
    await the().pushes.cursor('ann', NOW);
    await push('d1', ['*']);
    await the().pushes.ack('bob', 1, NOW);
    await push('d2', ['*']);
    expect(await frames('ann', await the().pushes.cursor('ann', NOW))).toEqual(['d1', 'd2']);
  });

  it('forgets what has expired, and never uses a number again', async () => {
    await push('d1', ['ann'], { keepUntil: NOW });
    expect(await frames('ann', 0)).toEqual([]);
    await the().pushes.trim(NOW);
    expect(await push('d2', ['ann'])).toBe(2);
    expect(await frames('ann', 0)).toEqual(['d2']);
  });
}

function forgets(the: () => Store): void {
  const everything = { before: NOW + HOUR, bytes: Number.MAX_SAFE_INTEGER };

  it('forgets old settled events with their deliveries', async () => {
    const [made] = await takeMany(the(), 1);
    await claim(the());
    await the().deliveries.settle(made!.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect(await the().trim({ ...everything, before: NOW })).toBe(0);
    expect(await the().trim(everything)).toBe(1);
    expect(await the().event(made!.event.id)).toBeUndefined();
    expect(await the().deliveries.find(made!.id)).toBeUndefined();
    expect((await the().audit(new Set())).violations).toEqual([]);
    expect(the().deliveries.counts().delivered).toBe(1);
  });

  it('never forgets what is owed or dead', async () => {
    const dead = await takeDead(the());
    const [pending] = await takeMany(the(), 1);
    expect(await the().trim({ before: NOW + HOUR, bytes: 0 })).toBe(0);
    expect(await the().event(dead.event.id)).toBeDefined();
    expect(await idsClaimed(the())).toEqual([pending!.id]);
  });

  it('forgets the oldest beyond the size, in many steps', async () => {
    const body = 'x'.repeat(4000);
    const events = Array.from({ length: 500 }, () => event({ data: body }));
    await the().transact({ arrivals: events.map((one) => ({ event: one, mayRepeat: false })), now: NOW }, () =>
      decision(),
    );
    const limit = the().size() / 2;
    const forgotten = await the().trim({ before: 0, bytes: limit });
    expect(forgotten).toBeGreaterThan(0);
    expect(forgotten).toBeLessThan(500);
    expect(the().size()).toBeLessThanOrEqual(limit);
    expect(await the().event(events[0]!.id)).toBeUndefined();
    expect(await the().event(events[499]!.id)).toBeDefined();
    expect((await the().audit(new Set())).violations).toEqual([]);
  });

  it('takes a forgotten id for a new event', async () => {
    const chosen = event({ id: 'again' });
    const post = () => the().transact({ arrivals: [{ event: chosen, mayRepeat: true }], now: NOW }, () => decision());
    await post();
    expect((await post())[0]!.duplicate).toBe(true);
    await the().trim(everything);
    expect((await post())[0]!.duplicate).toBe(false);
  });

  it('forgets Idempotency-Keys with the history', async () => {
    const post = () =>
      the().transact(
        {
          arrivals: [{ event: event(), mayRepeat: false }],
          idempotency: { key: 'k', bodyHash: 'h' },
          now: NOW,
        },
        () => decision(),
      );
    await post();
    await the().trim(everything);
    expect((await post())[0]!.duplicate).toBe(false);
  });
}

function audits(the: () => Store): void {
  it('counts events by outcome and deliveries by state', async () => {
    const dead = await takeDead(the());
    const [delivered] = await takeMany(the(), 1);
    await claim(the());
    await the().deliveries.settle(delivered!.id, { state: 'delivered', receipt: RECEIPT });
    await takeMany(the(), 2);
    await take(the(), []);
    const { events, deliveries, violations } = await the().audit(new Set([dead.id]));
    expect(Object.values(events).reduce((sum, count) => sum + count, 0)).toBe(5);
    expect(deliveries).toEqual({ dead: 1, delivered: 1, pending: 2 });
    expect(violations).toEqual([]);
  });

  it('misses a dead delivery that is not in the dead-letter file', async () => {
    const dead = await takeDead(the());
    expect((await the().audit(new Set())).violations).toEqual([`${dead.id} is dead, but not in the dead-letter file`]);
  });

  it('finds what is in the dead-letter file but owed or delivered', async () => {
    const [pending, delivered] = await takeMany(the(), 2, (index) => ({ dueAt: NOW + 1 - index }));
    await claim(the());
    await the().deliveries.settle(delivered!.id, { state: 'delivered', receipt: RECEIPT });
    const { violations } = await the().audit(new Set([pending!.id, delivered!.id, 'edited-by-hand']));
    expect(violations).toEqual([
      `${delivered!.id} is delivered, but in the dead-letter file`,
      `${pending!.id} is still owed, but in the dead-letter file`,
    ]);
  });
}
