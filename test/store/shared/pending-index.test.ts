import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DueQueue } from '../../../daemon/store/shared/pending/due-queue.ts';
import { PendingIndex } from '../../../daemon/store/shared/pending/pending-index.ts';
import { FLAG, NONE, SlotIndex, Slots } from '../../../daemon/store/shared/pending/slots.ts';

describe('the due queue', () => {
  it('returns slots by time and then by row number, also after removals', () => {
    const operations = fc.array(fc.record({ add: fc.boolean(), time: fc.nat(20), which: fc.nat() }), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(operations, (steps) => {
        const slots = new Slots();
        const queue = new DueQueue(slots, 'due');
        const model: number[] = [];
        const first = (): number =>
          model.toSorted((a, b) => slots.due[a]! - slots.due[b]! || slots.seq[a]! - slots.seq[b]!)[0] ?? NONE;
        steps.forEach(({ add, time, which }, seq) => {
          if (add || model.length === 0) {
            const slot = slots.allocate();
            slots.seq[slot] = seq;
            slots.due[slot] = time;
            queue.add(slot);
            model.push(slot);
          } else {
            const [slot] = model.splice(which % model.length, 1);
            queue.remove(slot!);
            slots.free(slot!);
          }
          expect([queue.first(), queue.size]).toEqual([first(), model.length]);
        });
      }),
    );
  });
});

describe('the slots', () => {
  it('keep the expiry of each slot, also when the first one with an expiry comes late', () => {
    const slots = new Slots();
    const taken = Array.from({ length: 5000 }, (_, number) => {
      const slot = slots.allocate();
      slots.setExpiry(slot, number >= 700 && number % 7 === 0 ? number : Number.POSITIVE_INFINITY);
      return slot;
    });
    const finite = taken.filter((slot) => slots.expiryOf(slot) !== Number.POSITIVE_INFINITY);
    expect(finite.map((slot) => slots.expiryOf(slot))).toEqual(
      taken.map((_, number) => number).filter((number) => number >= 700 && number % 7 === 0),
    );
    const queue = new DueQueue(slots, 'expires');
    for (const slot of finite) queue.add(slot);
    expect(taken.filter((slot) => queue.has(slot))).toEqual(finite);
  });
});

describe('the slot index', () => {
  it('contains exactly the keys that were added and not deleted', () => {
    const keys = fc.integer({ min: 0, max: 2 ** 53 - 1 }).map((key) => key - (key % 4096));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.oneof(keys, fc.nat(50))), { maxLength: 3000 }), (steps) => {
        const keyOfSlot: number[] = [];
        const index = new SlotIndex((slot) => keyOfSlot[slot]!);
        const model = new Map<number, number>();
        for (const [add, key] of steps) {
          if (add) {
            keyOfSlot.push(key);
            index.set(keyOfSlot.length - 1);
            model.set(key, keyOfSlot.length - 1);
          } else {
            index.delete(key);
            model.delete(key);
          }
        }
        expect(index.size).toBe(model.size);
        for (const [, key] of steps) expect(index.get(key)).toBe(model.get(key) ?? NONE);
      }),
      { numRuns: 50 },
    );
  });
});

interface Model {
  readonly seq: number;
  readonly key: number;
  due: number;
  expires: number;
  state: 'waiting' | 'claimed' | 'awaiting';
  until: number;
}

const STEPS = [
  'add',
  'add',
  'add',
  'claim',
  'claim',
  'claim',
  'expire',
  'release',
  'retry',
  'await',
  'end',
  'end',
  'order',
];

const step = fc.record({
  what: fc.constantFrom(...STEPS),
  which: fc.nat(),
  time: fc.nat(50),
  ttl: fc.option(fc.nat(60)),
});

describe('the pending index', () => {
  it('claims the same deliveries as a simple list, with and without order by key', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 200, size: 'max' }), fc.boolean(), (steps, always) => {
        const real = new PendingIndex();
        const model: Model[] = [];
        let ordered = always;
        let seq = 0;
        steps.forEach(({ what, which, time, ttl }) => {
          const busy = model.filter(({ state }) => state !== 'waiting');
          const one = busy[which % Math.max(1, busy.length)];
          const slot = one === undefined ? NONE : real.slotOf(one.seq);
          const queue = real.queue('ops');
          if (what === 'add') {
            seq += 1;
            const entry = { key: which % 3, due: time, expires: ttl ?? Number.POSITIVE_INFINITY };
            model.push({ seq, ...entry, state: 'waiting', until: 0 });
            real.add({
              seq,
              channel: 'ops',
              due: entry.due,
              expires: entry.expires,
              keyHash: entry.key,
              idHash: seq,
              tried: false,
              awaiting: false,
            });
          } else if (what === 'order') {
            ordered = always || !ordered;
          } else if (what === 'claim' || what === 'expire') {
            const limit = which % 4;
            const expected = what === 'claim' ? claimable(model, time, ordered) : expired(model, time);
            const taken = what === 'claim' ? queue?.claim(limit, time, ordered) : queue?.claimExpired(limit, time);
            const want = expected.slice(0, limit);
            expect((taken ?? []).map((each) => real.slots.seq[each])).toEqual(want.map((each) => each.seq));
            for (const each of want) each.state = 'claimed';
          } else if (one !== undefined && queue !== undefined) {
            if (what === 'end') {
              real.remove(slot);
              model.splice(model.indexOf(one), 1);
            } else if (what === 'retry') {
              queue.retry(slot, time);
              Object.assign(one, { state: 'waiting', due: time, until: 0 });
            } else if (what === 'await') {
              queue.await(slot, time);
              Object.assign(one, { state: 'awaiting', until: time });
            } else if (one.state === 'claimed') {
              queue.release(slot);
              one.state = one.until > 0 || real.slots.has(slot, FLAG.awaiting) ? 'awaiting' : 'waiting';
            }
          }
          expect(real.size).toBe(model.length);
          expect(real.queue('ops')?.sending ?? 0).toBe(model.filter(({ state }) => state !== 'waiting').length);
          const firstSlot = real.queue('ops')?.first ?? NONE;
          expect(firstSlot === NONE ? undefined : real.slots.seq[firstSlot]).toBe(model[0]?.seq);
        });
        drain(real, model, ordered);
      }),
      { numRuns: 300 },
    );
  });
});

/** Ends the claimed deliveries and claims the next ones, until none is left. */
function drain(real: PendingIndex, model: Model[], ordered: boolean): void {
  while (model.length > 0) {
    for (const { seq } of model.filter(({ state }) => state !== 'waiting')) real.remove(real.slotOf(seq));
    const left = model.filter(({ state }) => state === 'waiting');
    model.splice(0, model.length, ...left);
    const expected = claimable(model, Number.POSITIVE_INFINITY, ordered);
    const taken = real.queue('ops')!.claim(model.length, Number.POSITIVE_INFINITY, ordered);
    expect(taken.map((slot) => real.slots.seq[slot])).toEqual(expected.map(({ seq }) => seq));
    for (const one of expected) one.state = 'claimed';
  }
  expect(real.size).toBe(0);
}

/** Claimable deliveries, earliest first; with order by key only the first of each key. */
function claimable(model: readonly Model[], now: number, ordered: boolean): Model[] {
  return model
    .filter((one, index) => !ordered || !model.slice(0, index).some(({ key }) => key === one.key))
    .filter(({ state, due }) => state === 'waiting' && due <= now)
    .toSorted((a, b) => a.due - b.due || a.seq - b.seq);
}

function expired(model: readonly Model[], now: number): Model[] {
  const expiry = (one: Model): number => (one.state === 'awaiting' ? one.until : one.expires);
  return model
    .filter((one) => one.state !== 'claimed' && expiry(one) <= now)
    .toSorted((a, b) => expiry(a) - expiry(b) || a.seq - b.seq);
}
