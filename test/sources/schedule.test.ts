import { afterEach, describe, expect, it } from 'vitest';
import { cronTimes, everyTimes, overdue, readInstant } from '../../daemon/core/time/due-times.ts';
import { schedule } from '../../daemon/sources/schedule.ts';
import type { RunningSource } from '../../daemon/sources/source.ts';
import { type RecordedIo, readSourceSettings, recordedIo, sourceSettings } from '../support/source-io.ts';
import { compareShapes } from '../support/source-shapes.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const running: RunningSource[] = [];
afterEach(async () => {
  for (const source of running.splice(0)) await source.stop();
});

async function start(written: unknown, io: RecordedIo): Promise<RunningSource> {
  const source = await schedule.start(sourceSettings(schedule, written), io);
  running.push(source);
  return source;
}

const ticks = (io: RecordedIo) => io.events.map(({ data }) => (data as { scheduled_at: string }).scheduled_at);
const data = (io: RecordedIo) => io.events.map((event) => event.data);

describe('due times by the wall clock of a time zone', () => {
  const cases: readonly [title: string, pattern: string, zone: string, after: string, expected: readonly string[]][] = [
    [
      'Berlin, skipped hour: at its end',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:30'],
    ],
    [
      'Berlin, skipped hour: several times in it are one',
      '*/15 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00', '2026-03-30T00:00'],
    ],
    [
      'Berlin, skipped hour: what is due right after it comes once',
      '30 2,3 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00', '2026-03-29T01:30', '2026-03-30T00:30'],
    ],
    [
      'Berlin, repeated hour: once',
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30', '2026-10-26T01:30'],
    ],
    ['Berlin, from within the repeated hour', '30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10Z', ['2026-10-26T01:30']],
    [
      'Berlin, every half hour of both',
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-10-24T23:45Z',
      ['2026-10-25T00:00', '2026-10-25T00:30', '2026-10-25T01:00', '2026-10-25T01:30', '2026-10-25T02:00'],
    ],
    [
      'New York, skipped hour',
      '30 2 * * *',
      'America/New_York',
      '2026-03-07T12:00Z',
      ['2026-03-08T07:00', '2026-03-09T06:30'],
    ],
    [
      'New York, repeated hour',
      '30 1 * * *',
      'America/New_York',
      '2026-10-31T12:00Z',
      ['2026-11-01T05:30', '2026-11-02T06:30'],
    ],
    [
      'New York, quarters of the repeated hour',
      '*/30 1 * * *',
      'America/New_York',
      '2026-10-31T12:00Z',
      ['2026-11-01T05:00', '2026-11-01T05:30', '2026-11-02T06:00'],
    ],
    [
      'New York, every half hour over the skipped one',
      '*/30 * * * *',
      'America/New_York',
      '2026-03-08T06:15Z',
      ['2026-03-08T06:30', '2026-03-08T07:00', '2026-03-08T07:30'],
    ],
    [
      'New York, each hour has its minute',
      '5 * * * *',
      'America/New_York',
      '2026-03-08T05:30Z',
      ['2026-03-08T06:05', '2026-03-08T07:05'],
    ],
    [
      'Lord Howe skips half an hour',
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-02T20:00Z',
      ['2026-10-03T15:30', '2026-10-04T15:15'],
    ],
    [
      'Lord Howe repeats half an hour',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-03T20:00Z',
      ['2026-04-04T14:45', '2026-04-05T15:15'],
    ],
    [
      'Shanghai changes nothing',
      '0 9 * * *',
      'Asia/Shanghai',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00', '2026-03-30T01:00'],
    ],
    [
      'Sao Paulo had no midnight',
      '0 0 * * *',
      'America/Sao_Paulo',
      '2018-11-03T12:00Z',
      ['2018-11-04T03:00', '2018-11-05T02:00'],
    ],
    [
      'Apia left out a day',
      '0 9 * * *',
      'Pacific/Apia',
      '2011-12-29T10:00Z',
      ['2011-12-29T19:00', '2011-12-30T10:00', '2011-12-30T19:00'],
    ],
    ['a leap day', '0 0 29 2 *', 'UTC', '2026-01-01T00:00Z', ['2028-02-29T00:00', '2032-02-29T00:00']],
    [
      'every hour of a day far away',
      '0 * 1 1 *',
      'Europe/Berlin',
      '2026-02-01T00:00Z',
      ['2026-12-31T23:00', '2027-01-01T00:00'],
    ],
    ['six fields', '*/20 * * * * *', 'UTC', '2026-01-01T00:00Z', ['2026-01-01T00:00:20', '2026-01-01T00:00:40']],
  ];

  it.each(cases)('%s', (_title, pattern, zone, after, expected) => {
    const times = cronTimes(pattern, zone);
    let at = Date.parse(after);
    for (const wanted of expected) {
      at = times.next(at)!;
      expect(new Date(at).toISOString()).toBe(new Date(`${wanted}Z`).toISOString());
    }
  });

  it('increase through a whole year with both clock changes, with a fixed time once a day', () => {
    for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Shanghai']) {
      const times = cronTimes('30 2 * * *', zone);
      const end = readInstant('2027-01-01', zone)!;
      let count = 0;
      for (let at = times.next(readInstant('2026-01-01', zone)!)!; at < end; count += 1) {
        const next = times.next(at)!;
        expect(next).toBeGreaterThan(at);
        at = next;
      }
      expect([zone, count]).toEqual([zone, 365]);
    }
  });

  it('parse a time with and without an offset', () => {
    expect(readInstant('2026-12-24T18:00', 'Europe/Berlin')).toBe(Date.parse('2026-12-24T17:00Z'));
    expect(readInstant('2026-03-29T02:30', 'Europe/Berlin')).toBe(Date.parse('2026-03-29T01:00Z'));
    expect(readInstant('2026-12-24T18:00:00+08:00', 'Europe/Berlin')).toBe(Date.parse('2026-12-24T10:00Z'));
    expect(readInstant('2026-02-30T18:00', 'UTC')).toBeUndefined();
    expect(readInstant('2026-02-30T18:00Z', 'UTC')).toBeUndefined();
    expect(readInstant('tomorrow', 'UTC')).toBeUndefined();
  });

  it('are counted up to ten thousand, with the latest hundred, over years of a schedule by the second', () => {
    const now = Date.parse('2026-01-01T00:00Z');
    const { latest, count } = overdue(everyTimes(0, 1000), 0, now);
    expect(count).toBe(10_000);
    expect(latest).toHaveLength(100);
    expect(latest.at(-1)).toBe(now);
    expect(latest[0]).toBe(now - 99_000);
  });
});

describe('a schedule', () => {
  it('ticks when it is due, with its data and a unique id', async () => {
    const clock = new VirtualClock('2026-11-23T08:59:00Z');
    const io = recordedIo({ clock, name: 'morning' });
    await start({ cron: '0 9 * * *', timezone: 'UTC', data: { report: 'daily' } }, io);
    await clock.advance(59_999);
    expect(io.events).toEqual([]);
    await clock.advance(1);
    expect(io.events).toEqual([
      {
        id: 'morning@2026-11-23T09:00:00.000Z',
        type: 'schedule.tick',
        data: { report: 'daily', scheduled_at: '2026-11-23T09:00:00.000Z', late_by: 0, missed: 0 },
      },
    ]);
    expect(io.stored.get('last')).toBe('2026-11-23T09:00:00.000Z');
  });

  it('that replaces another continues where that one stopped, and can be stopped before it is live', async () => {
    const clock = new VirtualClock('2026-11-23T09:00:00Z');
    const io = recordedIo({ clock });
    const old = await start({ every: '1m' }, io);
    let goLive = (): void => undefined;
    const live = new Promise<void>((resolve) => {
      goLive = resolve;
    });
    await start(
      { every: '1m', data: { new: true } },
      { ...recordedIo({ clock, stored: io.stored, events: io.events }), live },
    );
    await clock.advance(MINUTE);
    await old.stop();
    goLive();
    await clock.advance(MINUTE);
    expect(data(io)).toMatchObject([{ late_by: 0 }, { late_by: 0, missed: 0, new: true }]);
    const never = { ...recordedIo({ clock }), live: new Promise<void>(() => undefined) };
    const source = await start({ every: '1m' }, never);
    await source.stop();
    expect(never.tries).toBe(0);
  });

  it('leaves no timer behind when it stops', async () => {
    const clock = new VirtualClock();
    const source = await start({ every: '1m' }, recordedIo({ clock }));
    await clock.advance(0);
    expect(clock.waiting).toBe(1);
    await source.stop();
    expect(clock.waiting).toBe(0);
  });

  it('keeps the interval of `every` across restarts', async () => {
    const clock = new VirtualClock('2026-11-23T09:00:00Z');
    const first = recordedIo({ clock });
    const source = await start({ every: '10m' }, first);
    await clock.advance(14 * MINUTE);
    await source.stop();
    const second = recordedIo({ clock, stored: first.stored });
    await start({ every: '10m' }, second);
    await clock.advance(6 * MINUTE);
    expect([ticks(first), ticks(second)]).toEqual([['2026-11-23T09:10:00.000Z'], ['2026-11-23T09:20:00.000Z']]);
  });

  it('fires `at` once, and not again after a restart', async () => {
    const clock = new VirtualClock('2026-12-24T09:00:00Z');
    const io = recordedIo({ clock });
    const source = await start({ at: '2026-12-24T18:00', timezone: 'Asia/Shanghai' }, io);
    await clock.advance(2 * HOUR);
    await source.stop();
    await start({ at: '2026-12-24T18:00', timezone: 'Asia/Shanghai' }, io);
    await clock.advance(2 * DAY);
    expect(ticks(io)).toEqual(['2026-12-24T10:00:00.000Z']);
    expect(io.tries).toBe(1);
  });

  it('does not count due times before the first start as missed', async () => {
    const clock = new VirtualClock('2026-11-23T09:30:00Z');
    const io = recordedIo({ clock });
    await start({ cron: '0 9 * * *', timezone: 'UTC' }, io);
    await clock.advance(HOUR);
    expect(io.events).toEqual([]);
  });

  it.each([
    ['once', ['2026-11-23T09:15:00.000Z']],
    ['all', ['2026-11-23T09:00:00.000Z', '2026-11-23T09:15:00.000Z']],
    ['skip', []],
  ])('treats times of `at` before the first start as missed: %s', async (missed, past) => {
    const clock = new VirtualClock('2026-11-23T09:30:00Z');
    const io = recordedIo({ clock });
    const at = ['2026-11-23T09:15Z', '2026-11-23T09:00Z', '2026-11-23T10:00Z'];
    const source = await start({ at, missed }, io);
    await clock.advance(MINUTE);
    expect(ticks(io)).toEqual(past);
    await source.stop();
    await start({ at, missed }, io);
    await clock.advance(HOUR);
    expect(ticks(io)).toEqual([...past, '2026-11-23T10:00:00.000Z']);
    expect(io.tries).toBe(past.length + 1);
  });

  it('fires no time again when only its data or its time zone are changed', async () => {
    const clock = new VirtualClock('2026-11-23T09:30:00Z');
    const io = recordedIo({ clock });
    const source = await start({ at: '2026-11-23T09:40Z' }, io);
    await clock.advance(HOUR);
    await source.stop();
    await start({ at: ['2026-11-23T09:40Z', '2026-11-23T09:00Z'], timezone: 'Asia/Shanghai' }, io);
    await clock.advance(HOUR);
    expect(ticks(io)).toEqual(['2026-11-23T09:40:00.000Z']);
    expect(io.tries).toBe(1);
  });

  it('starts when the disk has space again', async () => {
    const clock = new VirtualClock('2026-11-23T09:00:00Z');
    const io = recordedIo({ clock });
    let full = true;
    const saveCheckpoints: RecordedIo['saveCheckpoints'] = (checkpoints) =>
      full ? Promise.reject(new Error('disk full')) : io.saveCheckpoints(checkpoints);
    await start({ every: '1m' }, { ...io, saveCheckpoints });
    await clock.advance(10_000);
    expect(io.reports).toEqual(expect.arrayContaining(['it could not begin: disk full']));
    full = false;
    await clock.advance(2 * MINUTE);
    expect(io.events).toHaveLength(1);
    expect(io.reports.at(-1)).toBeUndefined();
  });

  it('does not count due times of a changed schedule as missed', async () => {
    const clock = new VirtualClock('2026-11-23T09:30:00Z');
    const io = recordedIo({ clock });
    const source = await start({ cron: '0 9 * * mon', timezone: 'UTC' }, io);
    await clock.advance(DAY);
    await source.stop();
    await start({ cron: '0 * * * *', timezone: 'UTC' }, io);
    await clock.advance(HOUR);
    expect(data(io)).toEqual([{ scheduled_at: '2026-11-24T10:00:00.000Z', late_by: 0, missed: 0 }]);
  });

  it.each([
    ['Europe/Berlin', '2026-03-28T12:00:00Z', ['2026-03-29T01:00:00.000Z', '2026-03-30T00:30:00.000Z']],
    ['Europe/Berlin', '2026-10-24T12:00:00Z', ['2026-10-25T00:30:00.000Z', '2026-10-26T01:30:00.000Z']],
    ['Australia/Lord_Howe', '2026-10-03T00:00:00Z', ['2026-10-03T15:30:00.000Z', '2026-10-04T15:30:00.000Z']],
  ])('ticks once a day in %s from %s, restarted every ten minutes', async (timezone, from, expected) => {
    const clock = new VirtualClock(from);
    const io = recordedIo({ clock });
    for (let at = 0; at < 42 * HOUR; at += 10 * MINUTE) {
      const source = await start({ cron: '30 2 * * *', timezone }, io);
      await clock.advance(10 * MINUTE);
      await source.stop();
    }
    expect(ticks(io)).toEqual(expected);
    expect(io.tries).toBe(expected.length);
  });
});

describe('due times that were missed', () => {
  const afterThreeHours = async (missed: string, down = 3 * HOUR + 5 * MINUTE) => {
    const clock = new VirtualClock('2026-11-23T09:30:00Z');
    const before = recordedIo({ clock });
    const source = await start({ cron: '0 * * * *', timezone: 'UTC', missed }, before);
    await clock.advance(HOUR);
    await source.stop();
    await clock.advance(down);
    const io = recordedIo({ clock, stored: before.stored });
    await start({ cron: '0 * * * *', timezone: 'UTC', missed }, io);
    await clock.advance(0);
    return { io, clock };
  };

  it('are one tick by default, with their number', async () => {
    const { io } = await afterThreeHours('once');
    expect(data(io)).toEqual([{ scheduled_at: '2026-11-23T13:00:00.000Z', late_by: 35 * MINUTE, missed: 2 }]);
    expect(Object.fromEntries(io.missed)).toEqual({ late: 1, skipped: 2 });
  });

  it('make no tick with `skip`, and the next tick has their number', async () => {
    const { io, clock } = await afterThreeHours('skip');
    expect([data(io), Object.fromEntries(io.missed)]).toEqual([[], { late: 0, skipped: 3 }]);
    await clock.advance(HOUR);
    expect(data(io)).toEqual([{ scheduled_at: '2026-11-23T14:00:00.000Z', late_by: 0, missed: 3 }]);
    expect(Object.fromEntries(io.missed)).toEqual({ late: 0, skipped: 3 });
  });

  it('all fire with `all`, in order', async () => {
    const { io } = await afterThreeHours('all');
    expect(ticks(io)).toEqual(['2026-11-23T11:00:00.000Z', '2026-11-23T12:00:00.000Z', '2026-11-23T13:00:00.000Z']);
    expect(data(io)).toMatchObject([{ missed: 0 }, { missed: 0 }, { missed: 0 }]);
    expect(Object.fromEntries(io.missed)).toEqual({ late: 3, skipped: 0 });
  });

  it('are the latest hundred with `all` after a very long time', async () => {
    const { io } = await afterThreeHours('all', 10 * DAY);
    expect(io.events).toHaveLength(100);
    expect(data(io)[0]).toMatchObject({ missed: 140 });
    expect(data(io)[1]).toMatchObject({ missed: 0 });
    expect(ticks(io).at(-1)).toBe('2026-12-03T10:00:00.000Z');
  });
});

describe('a wall clock that is set', () => {
  it('back repeats no tick', async () => {
    const clock = new VirtualClock('2026-11-23T09:59:00Z');
    const io = recordedIo({ clock });
    await start({ cron: '0 * * * *', timezone: 'UTC' }, io);
    await clock.advance(2 * MINUTE);
    clock.skew = -HOUR;
    await clock.advance(2 * HOUR);
    expect(ticks(io)).toEqual(['2026-11-23T10:00:00.000Z', '2026-11-23T11:00:00.000Z']);
    expect(io.tries).toBe(2);
  });

  it('back by years, after it was wrong, does not silence the schedule until then', async () => {
    const clock = new VirtualClock('2026-11-23T09:30:00Z');
    const io = recordedIo({ clock });
    const source = await start({ every: '1h' }, io);
    await clock.advance(MINUTE);
    clock.skew = 20 * 365 * DAY;
    await clock.advance(MINUTE);
    expect(io.events).toHaveLength(1);
    clock.skew = 0;
    await clock.advance(30 * MINUTE);
    await source.stop();
    await start({ every: '1h' }, io);
    await clock.advance(90 * MINUTE + MINUTE);
    expect(ticks(io).slice(1)).toEqual(['2026-11-23T10:32:30.000Z', '2026-11-23T11:32:30.000Z']);
    expect(io.stored.get('last')).toBe('2026-11-23T11:32:30.000Z');
  });

  it('forward is noticed within 30 s and counts as downtime', async () => {
    const clock = new VirtualClock('2026-11-23T09:30:00Z');
    const io = recordedIo({ clock });
    await start({ cron: '0 * * * *', timezone: 'UTC' }, io);
    await clock.advance(MINUTE);
    clock.skew = 5 * HOUR;
    await clock.advance(30_000);
    expect(data(io)).toMatchObject([{ scheduled_at: '2026-11-23T14:00:00.000Z', missed: 4 }]);
  });
});

describe('a tick that is refused', () => {
  it('is retried with growing waits until it is stored, and is the same tick', async () => {
    const clock = new VirtualClock('2026-11-23T08:59:59Z');
    const io = recordedIo({ clock });
    io.refuse(new Error('disk full'), new Error('disk full'));
    await start({ cron: '0 9 * * *', timezone: 'UTC' }, io);
    await clock.advance(1000);
    expect([io.tries, io.reports.at(-1)]).toEqual([1, 'a tick was not accepted: disk full']);
    await clock.advance(1000);
    expect(io.tries).toBe(2);
    await clock.advance(1999);
    expect(io.tries).toBe(2);
    await clock.advance(1);
    expect(io.tries).toBe(3);
    expect(ticks(io)).toEqual(['2026-11-23T09:00:00.000Z']);
    expect(io.reports.at(-1)).toBeUndefined();
  });

  it('does not prevent the schedule from stopping while it is pending', async () => {
    const clock = new VirtualClock('2026-11-23T08:59:59Z');
    const io = { ...recordedIo({ clock }), emit: () => new Promise<never>(() => undefined) };
    const source = await schedule.start(sourceSettings(schedule, { every: '1s' }), io);
    await clock.advance(1000);
    await source.stop();
    expect(clock.waiting).toBe(0);
  });
});

it('delays ticks by its jitter, by the same time after a restart', async () => {
  const lateness = async () => {
    const clock = new VirtualClock('2026-11-23T08:30:00Z');
    const io = recordedIo({ clock, name: 'spread' });
    await start({ cron: '0 * * * *', timezone: 'UTC', jitter: '20m' }, io);
    await clock.advance(DAY);
    return data(io).map((tick) => (tick as { late_by: number }).late_by);
  };
  const first = await lateness();
  expect(first).toHaveLength(24);
  expect(new Set(first).size).toBeGreaterThan(20);
  expect(Math.max(...first)).toBeLessThanOrEqual(20 * MINUTE);
  expect(await lateness()).toEqual(first);
});

describe('checking a schedule finds', () => {
  it.each([
    [{}, ': none of `cron`, `every`, `at` is set'],
    [{ cron: '0 9 * * *', every: '1h' }, '/every: both `cron` and `every` are set'],
    [{ cron: '61 * * * *' }, '/cron: this is not a cron pattern: Invalid value for minute: 61'],
    [{ cron: '* * * *' }, '/cron: this is not a cron pattern: it has 4 fields instead of 5 or 6'],
    [{ cron: '0 0 30 2 *' }, '/cron: no date ever fits this pattern'],
    [{ cron: '0 9 * * *', timezone: 'Europe/Berlim' }, '/timezone: there is no such time zone'],
    [{ every: '10ms' }, '/every: `every` is less than a second'],
    [{ at: '2026-02-30T10:00' }, '/at: this is not a date and time'],
    [{ at: ['2026-02-28T10:00', 'noon'] }, '/at/1: this is not a date and time'],
  ])('%j', (written, problem) => {
    expect(readSourceSettings(schedule, written).problems).toEqual([problem]);
  });

  it('no problem in valid settings', () => {
    for (const good of [
      { cron: '*/10 * * * * *' },
      { cron: '@daily' },
      { every: '1h', jitter: '5m' },
      { at: '2026-12-24T18:00', missed: 'skip' },
    ])
      expect(readSourceSettings(schedule, good).problems).toEqual([]);
  });
});

it('ticks have the declared fields', async () => {
  const settings = { every: '1m', data: { team: 'ops', n: 1, on: true, more: { a: [] } } };
  const clock = new VirtualClock();
  const found = await compareShapes(schedule, settings, () => clock.advance(120_000), clock);
  expect(found).toEqual({ types: new Set(['schedule.tick']), undeclared: [] });
});
