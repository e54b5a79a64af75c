import { afterEach, describe, expect, test } from 'vitest';
import { cronTimes } from '../../daemon/core/time/due-times.ts';
import { schedule } from '../../daemon/sources/schedule.ts';
import type { RunningSource } from '../../daemon/sources/source.ts';
import { CoreRunner } from '../support/core-runner.ts';
import { SoakClock } from '../support/soak-clock.ts';
import { type RecordedIo, recordedIo, sourceSettings } from '../support/source-io.ts';
import { changesOf, wallOf } from './wall-clock.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const running = new Set<RunningSource>();
afterEach(async () => {
  for (const source of running) await source.stop();
  running.clear();
});

async function start(written: unknown, io: RecordedIo): Promise<() => Promise<void>> {
  const source = await schedule.start(sourceSettings(schedule, written), io);
  running.add(source);
  return () => source.stop();
}

const ticks = (io: RecordedIo): string[] =>
  io.events.map(({ data }) => (data as { scheduled_at: string }).scheduled_at.slice(5, 16));

describe('a missed schedule', () => {
  test('after edits of the pattern, back and forth, it ticks when the present pattern is due', async () => {
    const clock = new SoakClock('2026-11-23T09:30:00Z');
    const io = recordedIo({ clock });
    const daily = { cron: '0 9 * * *', timezone: 'UTC' };
    const hourly = { cron: '0 * * * *', timezone: 'UTC' };
    for (const [words, time] of [
      [daily, HOUR],
      [hourly, HOUR],
      [daily, 30 * MINUTE],
      [hourly, 20 * MINUTE],
      [daily, 23 * HOUR],
      [hourly, 50 * MINUTE],
      [daily, DAY],
    ] as const) {
      const stop = await start(words, io);
      await clock.advance(time);
      await stop();
    }
    expect(ticks(io)).toEqual(['11-23T11:00', '11-24T09:00', '11-24T12:00', '11-25T09:00']);
    expect(io.tries).toBe(4);
  });

  test.each([
    [{ every: '7m' }, 30 * DAY, (30 * DAY) / (7 * MINUTE)],
    [{ cron: '*/7 * * * *', timezone: 'UTC' }, 4 * DAY, 4 * 24 * 9],
  ])('%o runs for days: every due time ticks once, on time', async (words, time, count) => {
    const clock = new SoakClock('2026-11-23T09:00:00Z');
    const io = recordedIo({ clock });
    await start(words, io);
    await clock.advance(time);
    expect(io.events).toHaveLength(Math.floor(count));
    for (const { data } of io.events) expect(data).toMatchObject({ late_by: 0, missed: 0 });
    expect(io.tries).toBe(io.events.length);
    expect(clock.fired).toBeLessThan(time / (30 * SECOND) + io.events.length + 10);
  });
});

const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'];
const CHANGES = ZONES.flatMap((zone) => changesOf(zone, 2026).map((change) => [zone, change] as const));

test('each of the zones changes its clocks twice', () => {
  expect(
    CHANGES.map(([zone, { at, by }]) => `${zone} ${new Date(at).toISOString().slice(0, 16)} ${by / MINUTE}`),
  ).toEqual([
    'Europe/Berlin 2026-03-29T01:00 60',
    'Europe/Berlin 2026-10-25T01:00 -60',
    'America/New_York 2026-03-08T07:00 60',
    'America/New_York 2026-11-01T06:00 -60',
    'Australia/Lord_Howe 2026-04-04T15:00 -30',
    'Australia/Lord_Howe 2026-10-03T15:30 30',
  ]);
});

describe.each(CHANGES)('a change of the clocks of %s, %o', (zone, { at, by }) => {
  const isSkipped = (wall: number): boolean => by > 0 && wall >= wallOf(zone, at) - by && wall < wallOf(zone, at);

  const isRepeated = (wall: number): boolean => by < 0 && wall >= wallOf(zone, at) && wall < wallOf(zone, at) - by;

  /** Due times from three days before to three days after the change. */
  function due(pattern: string): number[] {
    const times = cronTimes(pattern, zone);
    const found: number[] = [];
    for (let next = times.next(at - 3 * DAY); next !== undefined && next < at + 3 * DAY; next = times.next(next)) {
      expect(next).toBeGreaterThan(found.at(-1) ?? 0);
      found.push(next);
      if (found.length > 6 * 24 * 60) throw new Error('too many due times');
    }
    return found;
  }

  test.each(
    ['30 2 * * *', '0 2 * * *', '45 1 * * *', '30 1 * * *', '15 3 * * *', '0 0 * * *'].map((pattern) => [pattern]),
  )('neither skips nor doubles `%s`: it is due once a day, by the clock or right after a skipped hour', (pattern) => {
    const [minute, hour] = pattern.split(' ').map(Number) as [number, number];
    const named = hour * HOUR + minute * MINUTE;
    const found = due(pattern);
    const days = new Set(found.map((time) => Math.floor(wallOf(zone, time) / DAY)));
    expect(days.size).toBe(found.length);
    expect(found.length).toBeGreaterThanOrEqual(5);
    for (const time of found) {
      const wall = wallOf(zone, time);
      const wanted = Math.floor(wall / DAY) * DAY + named;
      if (isSkipped(wanted)) expect(time).toBe(at);
      else expect(wall).toBe(wanted);
      // In a repeated hour it is due the first time.
      if (isRepeated(wanted)) expect(time).toBeLessThan(at);
    }
    // The next due time does not depend on the start of the search.
    for (let after = at - 3 * HOUR; after < at + 3 * HOUR; after += 10 * MINUTE)
      expect(cronTimes(pattern, zone).next(after)).toBe(found.find((time) => time > after));
  });

  test('neither skips nor doubles short intervals', () => {
    const gaps = (pattern: string): Set<number> => {
      const found = due(pattern);
      return new Set(found.slice(1).map((time, index) => (time - found[index]!) / MINUTE));
    };
    expect(gaps('*/5 * * * *')).toEqual(new Set([5]));
    expect(gaps('*/30 * * * *')).toEqual(new Set([30]));
    expect(gaps('0 * * * *')).toEqual(new Set(by % HOUR === 0 ? [60] : [60, 90]));
  });

  test('the schedule ticks once per due time across restarts, without a busy loop', async () => {
    const clock = new SoakClock(new Date(at - 4 * HOUR).toISOString());
    const names = ['30 2 * * *', '30 1 * * *', '*/15 * * * *'];
    const all = names.map((cron) => [cron, recordedIo({ clock, name: cron })] as const);
    for (let part = 0; part < 24; part += 1) {
      const stops = await Promise.all(all.map(([cron, io]) => start({ cron, timezone: zone }, io)));
      await clock.advance(20 * MINUTE);
      for (const stop of stops) await stop();
    }
    for (const [cron, io] of all) {
      const times = cronTimes(cron, zone);
      const wanted: string[] = [];
      for (let next = times.next(at - 4 * HOUR)!; next <= at + 4 * HOUR; next = times.next(next)!)
        wanted.push(new Date(next).toISOString().slice(5, 16));
      expect([cron, ...ticks(io)]).toEqual([cron, ...wanted]);
      expect(io.tries).toBe(wanted.length);
    }
    expect(clock.fired).toBeLessThan(3 * ((8 * HOUR) / (30 * SECOND)) + 100);
  });

  test.each([
    ['01:30', '02:30'],
    ['02:15', '02:45'],
    ['02:30', '03:30'],
    ['22:00', '02:15'],
    ['01:45', '22:00'],
  ])('hours from %s to %s release each held event once, when they begin', (from, to) => {
    const begin = at - 30 * HOUR;
    const runner = new CoreRunner(
      `hours: { shift: { from: "${from}", to: "${to}", timezone: ${zone} } }
rules: [{ name: r, key: k, during: shift, outside: hold, message: { title: T, body: "{{ data.n }}" }, notify: ops }]\n`,
      { start: begin },
    );
    let steps = 0;
    const until = (end: number): void => {
      for (; (runner.nextWake ?? Number.POSITIVE_INFINITY) <= end; steps += 1) runner.until(runner.nextWake!);
      runner.until(end);
    };
    const inside = (time: number): boolean => {
      const minutes = (wallOf(zone, time) % DAY) / MINUTE;
      const [first, last] = [from, to].map((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) as [
        number,
        number,
      ];
      return first < last ? minutes >= first && minutes < last : minutes >= first || minutes < last;
    };
    const posted: number[] = [];
    for (let n = 0; n < 60 * 6; n += 1) {
      until(begin + n * 10 * MINUTE);
      posted.push(runner.now);
      const outcome = runner.take({ n })['r'];
      // The hours around the change have their own test.
      if (Math.abs(runner.now - at) > 2 * HOUR)
        expect([new Date(runner.now).toISOString(), outcome]).toEqual([
          new Date(runner.now).toISOString(),
          inside(runner.now) ? 'notified' : 'held',
        ]);
      if (n % 50 === 0) runner.restart();
    }
    until(runner.now + 2 * DAY);
    const delivered = runner.sent.map(({ body }) => Number(body));
    expect(delivered).toEqual(posted.map((_, n) => n));
    for (const { at: sent, body } of runner.sent) {
      expect(sent).toBeGreaterThanOrEqual(posted[Number(body)]!);
      expect(sent - posted[Number(body)]!).toBeLessThan(25 * HOUR);
      expect(inside(sent) || Math.abs(sent - at) <= HOUR).toBe(true);
    }
    expect(steps).toBeLessThanOrEqual(6);
  });
});
