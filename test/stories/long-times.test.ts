import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Timers } from '../../daemon/app/runtime/timers.ts';
import { decide } from '../../daemon/core/flow/decide.ts';
import type { Decision } from '../../daemon/core/flow/decision.ts';
import { select } from '../../daemon/core/flow/select.ts';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { newId } from '../../daemon/lib/id.ts';
import { schedule } from '../../daemon/sources/schedule.ts';
import { openStore } from '../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../daemon/store/store.ts';
import { rulesetOf } from '../support/compile.ts';
import { SoakClock } from '../support/soak-clock.ts';
import { recordedIo, sourceSettings } from '../support/source-io.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a wait of sixty days, which `setTimeout` treats as 1 ms', () => {
  test('of the clock itself', () => {
    vi.useFakeTimers();
    try {
      let fired = 0;
      systemClock.after(60 * DAY, () => (fired += 1));
      const cancel = systemClock.after(60 * DAY, () => (fired += 100));
      vi.advanceTimersByTime(60 * DAY - 1);
      expect(fired).toBe(0);
      cancel();
      vi.advanceTimersByTime(1);
      expect(fired).toBe(1);
      vi.advanceTimersByTime(60 * DAY);
      expect(fired).toBe(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('of a schedule', async () => {
    const clock = new SoakClock('2026-11-23T09:00:00Z');
    const io = recordedIo({ clock });
    const source = await schedule.start(sourceSettings(schedule, { at: '2027-01-22T09:00:00Z' }), io);
    await clock.advance(60 * DAY - 1);
    expect(io.tries).toBe(0);
    await clock.advance(DAY);
    await source.stop();
    expect(io.events).toMatchObject([{ data: { scheduled_at: '2027-01-22T09:00:00.000Z', late_by: 0, missed: 0 } }]);
  });
});

describe('the timers of rules', () => {
  let store: Store;
  let clock: SoakClock;
  let woken: { readonly at: number; readonly what: string }[];
  let timers: Timers;
  let ruleset = rulesetOf('channels: { ops: { type: sink } }');

  beforeEach(async () => {
    store = await openStore({ path: ':memory:' });
    clock = new SoakClock('2026-11-23T09:00:00Z');
    woken = [];
    timers = new Timers({
      store,
      live: () => ruleset,
      clock,
      newId: () => newId(clock.now()),
      log: pino({ level: 'silent' }),
      onWake: ({ later = [] }: Decision) =>
        woken.push(...later.map(({ result }) => ({ at: clock.monotonic(), what: `${result.key} ${result.outcome}` }))),
    });
    timers.start();
  });
  afterEach(async () => {
    await timers.stop();
    await store.close();
  });

  function use(rule: string): void {
    ruleset = rulesetOf(
      `channels: { ops: { type: sink } }\nrules: [{ name: r, key: "{{ data.k }}", notify: ops, ${rule} }]`,
    );
  }

  async function emit(k: string): Promise<void> {
    const now = clock.now();
    const event = { id: newId(now), source: 'api', type: 't', time: new Date(now).toISOString(), data: { k } };
    await store.transact({ arrivals: [{ event, mayRepeat: false }], now }, (one, memory) =>
      decide(one, select(one, ruleset, now), { ruleset, now, memory, newId: () => newId(now) }),
    );
  }

  /** Advances the clock. Returns the results of the timers, with minutes since the start. */
  async function during(ms: number): Promise<string[]> {
    await clock.advance(ms);
    return woken.splice(0).map(({ at, what }) => `${Math.floor(at / MINUTE)} ${what}`);
  }
  const pendingCount = (): number => store.deliveries.counts().byChannel.get('ops')?.pending ?? 0;

  test('`for` of sixty days fires after sixty days, once', async () => {
    use('for: 60d');
    await emit('a');
    expect(await during(60 * DAY - 1)).toEqual([]);
    expect(await during(DAY)).toEqual([`${(60 * DAY) / MINUTE} a notified`]);
    expect(pendingCount()).toBe(1);
  });

  test('a wall clock that jumps forward by an hour fires the due timers at the next check, once', async () => {
    use('for: 90m');
    await emit('a');
    expect(await during(10 * MINUTE)).toEqual([]);
    clock.skew = HOUR;
    await emit('b');
    expect(await during(10 * MINUTE)).toEqual([]);
    expect(await during(20 * MINUTE)).toEqual(['30 a notified']);
    expect(await during(2 * HOUR)).toEqual(['100 b notified']);
    expect(pendingCount()).toBe(2);
  });

  test('and long overdue timers at once', async () => {
    use('for: 30m');
    await emit('a');
    expect(await during(10 * MINUTE)).toEqual([]);
    clock.skew = HOUR;
    expect(await during(MINUTE)).toEqual(['10 a notified']);
    expect(await during(3 * HOUR)).toEqual([]);
    expect(pendingCount()).toBe(1);
  });

  test('a wall clock that jumps back by an hour loses nothing, repeats nothing, and begins a wait anew at most', async () => {
    use('for: 10m');
    await emit('a');
    await during(5 * MINUTE);
    clock.skew = -HOUR;
    await emit('b');
    const later = await during(3 * HOUR);
    expect(later.sort()).toEqual(['15 a notified', '15 b notified']);
    clock.skew = 0;
    expect(await during(3 * HOUR)).toEqual([]);
    expect(pendingCount()).toBe(2);
  });

  test('a wall clock that was ten years ahead delays no wait by years', async () => {
    clock.skew = 10 * 365 * DAY;
    use('for: 10m');
    await emit('a');
    await during(5 * MINUTE);
    clock.skew = 0;
    expect(await during(3 * HOUR)).toEqual(['15 a notified']);
    expect(pendingCount()).toBe(1);
  });

  test('repeats are not doubled by a jump forward and back', async () => {
    use('repeat: 20m, resolve: { match: { type: over } }');
    await emit('a');
    expect(pendingCount()).toBe(1);
    expect(await during(50 * MINUTE)).toEqual(['20 a notified', '40 a notified']);
    clock.skew = HOUR;
    const ahead = await during(30 * MINUTE);
    // 10:50 becomes 11:50: the three skipped repeats are one, and 12:00 and 12:20 follow on time.
    expect(ahead).toEqual(['50 a notified', '60 a notified', '80 a notified']);
    clock.skew = 0;
    expect(await during(HOUR)).toEqual(['100 a notified', '120 a notified']);
    expect(await during(30 * MINUTE)).toEqual(['140 a notified', '160 a notified']);
  });

  test('an edit that a full disk refuses keeps the old timers', async () => {
    use('for: 10m');
    await emit('a');
    const change = store.applyDecision.bind(store);
    store.applyDecision = () => Promise.reject(new Error('full'));
    expect(await timers.reschedule(ruleset.rules, ['gone'])).toEqual([]);
    store.applyDecision = change;
    expect(await during(11 * MINUTE)).toEqual(['10 a notified']);
  });
});
