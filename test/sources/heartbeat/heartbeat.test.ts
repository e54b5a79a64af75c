import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heartbeat } from '../../../daemon/sources/heartbeat/heartbeat.ts';
import { DAY, HOUR, MINUTE, heartbeatIo, restarted, SECOND, startHeartbeat, emitted } from '../../support/heartbeat.ts';
import { readSourceSettings, type RecordedIo } from '../../support/source-io.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a heartbeat', () => {
  it('is missed once the grace is over, with one event', async () => {
    const { io, clock, beat } = await startHeartbeat({ every: '10m', grace: '2m' });
    expect(await beat()).toEqual({ status: 202, body: { ok: true } });
    await clock.advance(12 * MINUTE - 1);
    expect([io.events, [...io.missed]]).toEqual([[], [['beat', 0]]]);
    await clock.advance(1);
    expect(io.events).toEqual([
      {
        id: 'backup:missed:2026-11-23T09:10:00.000Z',
        type: 'heartbeat.missed',
        subject: 'backup',
        data: {
          heartbeat: 'backup',
          expected_at: '2026-11-23T09:10:00.000Z',
          last_beat_at: '2026-11-23T09:00:00.000Z',
          late_by: 2 * MINUTE,
          state: 'down',
        },
      },
    ]);
    await clock.advance(2 * DAY);
    expect([io.tries, io.missed.get('beat')]).toEqual([1, 1]);
  });

  it('that comes in time, late or early makes no event', async () => {
    const { io, clock, beat } = await startHeartbeat({ every: '10m', grace: '2m' });
    for (const wait of [10, 11, 1, 9, 11.9]) {
      await clock.advance(wait * MINUTE);
      await beat();
    }
    expect(io.events).toEqual([]);
  });

  it('that recovers reports how long it was down, and starts a new period', async () => {
    const { io, clock, beat } = await startHeartbeat({ every: '10m', grace: '0s' });
    await beat();
    await clock.advance(25 * MINUTE);
    await beat('', { body: 'all 12 files\n' });
    expect(io.events[1]).toEqual({
      id: 'backup:recovered:2026-11-23T09:25:00.000Z',
      type: 'heartbeat.recovered',
      subject: 'backup',
      data: {
        heartbeat: 'backup',
        beat_at: '2026-11-23T09:25:00.000Z',
        down_since: '2026-11-23T09:10:00.000Z',
        down_for: 15 * MINUTE,
        after: 'missed',
        output: 'all 12 files',
        state: 'up',
      },
    });
    await clock.advance(10 * MINUTE);
    expect(emitted(io)).toEqual(['09:10:00 missed', '09:25:00 recovered', '09:35:00 missed']);
  });

  it('without any beat is missed a period after it was configured', async () => {
    const { io, clock, source } = await startHeartbeat({ every: '1h' });
    expect(source.detail?.()).toBe('new, due 2026-11-23T10:00:00.000Z');
    await clock.advance(HOUR + 6 * MINUTE);
    expect(io.events).toMatchObject([
      { data: { expected_at: '2026-11-23T10:00:00.000Z', last_beat_at: null, late_by: 6 * MINUTE } },
    ]);
  });

  it.each([
    ['30s', 10 * SECOND],
    ['1h', 6 * MINUTE],
    ['1d', 10 * MINUTE],
  ])('every %s has a default grace of a tenth, within bounds', async (every, grace) => {
    const { io, clock } = await startHeartbeat({ every });
    await clock.advance(2 * DAY);
    expect(io.events).toMatchObject([{ data: { late_by: grace } }]);
  });

  it('shows its state in the status', async () => {
    const { clock, beat, source } = await startHeartbeat({ every: '10m', grace: '5m' });
    await beat('/start');
    expect(source.detail?.()).toBe('new, due 2026-11-23T09:10:00.000Z, running since 2026-11-23T09:00:00.000Z');
    await beat();
    expect(source.detail?.()).toBe('up, due 2026-11-23T09:10:00.000Z');
    await clock.advance(11 * MINUTE);
    expect(source.detail?.()).toBe('late, due 2026-11-23T09:10:00.000Z');
    await clock.advance(5 * MINUTE);
    expect(source.detail?.()).toBe('down, missed at 2026-11-23T09:15:00.000Z');
    await beat();
    await beat('/start');
    await beat('/1');
    expect(source.detail?.()).toBe('down, failed at 2026-11-23T09:16:00.000Z');
  });

  it('leaves no timer behind when it stops', async () => {
    const { clock, source } = await startHeartbeat({ every: '1m' });
    expect(clock.waiting).toBe(1);
    await source.stop();
    expect(clock.waiting).toBe(0);
  });
});

describe('a heartbeat by cron', () => {
  const daily = { cron: '30 2 * * *', timezone: 'Europe/Berlin', grace: '1h' };

  it.each([
    ['skipped', '2026-03-28T00:00:00Z', ['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30']],
    ['repeated', '2026-10-24T00:00:00Z', ['2026-10-24T00:30', '2026-10-25T00:30', '2026-10-26T01:30']],
  ])('is expected once a day also when an hour is %s', async (_what, from, expected) => {
    const { io, clock, beat } = await startHeartbeat(daily, heartbeatIo({ clock: new VirtualClock(from) }));
    for (let day = 0; day < 3; day += 1) {
      // Each beat comes only after it was missed, so that each expected time is in an event.
      while (io.events.length === 2 * day) await clock.advance(30 * MINUTE);
      await beat();
    }
    const missed = io.events.filter(({ type }) => type === 'heartbeat.missed');
    expect(missed.map(({ data }) => (data as { expected_at: string }).expected_at)).toEqual(
      expected.map((at) => `${at}:00.000Z`),
    );
  });

  it('makes no event at clock changes when the job runs by the wall clock of its time zone', async () => {
    for (const [from, runs] of [
      ['2026-03-27T12:00:00Z', ['2026-03-28T01:50', '2026-03-29T01:20', '2026-03-30T00:50']],
      ['2026-10-23T12:00:00Z', ['2026-10-24T00:50', '2026-10-25T00:50', '2026-10-26T01:50']],
    ] as const) {
      const { io, clock, beat } = await startHeartbeat(daily, heartbeatIo({ clock: new VirtualClock(from) }));
      for (const run of runs) {
        await clock.advance(Date.parse(`${run}Z`) - clock.now());
        await beat();
      }
      await clock.advance(12 * HOUR);
      expect(io.events).toEqual([]);
    }
  });

  it('counts a beat shortly before a due time as the one of that due time', async () => {
    const { io, clock, beat } = await startHeartbeat({ cron: '0 10 * * *', timezone: 'UTC', grace: '5m' });
    await clock.advance(HOUR - 2 * SECOND);
    await beat();
    await clock.advance(23 * HOUR);
    expect(io.events).toEqual([]);
    await clock.advance(2 * HOUR);
    expect(emitted(io)).toEqual(['10:00:00 missed']);
  });
});

describe('a heartbeat across restarts', () => {
  it('makes no second event, and recovers from an outage of before', async () => {
    const first = await startHeartbeat({ every: '10m', grace: '1m' });
    await first.beat();
    await first.clock.advance(11 * MINUTE);
    await first.source.stop();
    const second = await startHeartbeat({ every: '10m', grace: '1m' }, restarted(first.io));
    await first.clock.advance(HOUR);
    expect(second.io.tries).toBe(0);
    await second.beat();
    expect(emitted(second.io)).toEqual(['09:10:00 missed', '10:11:00 recovered']);
  });

  it('reports a miss once when it is killed right before or after storing it', async () => {
    const { io, clock, beat } = await startHeartbeat({ every: '10m', grace: '1m' });
    await beat();
    await clock.advance(11 * MINUTE - 1);
    const before = restarted(io);
    await clock.advance(1);
    const after = restarted(io);
    await clock.advance(MINUTE);
    for (const killed of [before, after]) await startHeartbeat({ every: '10m', grace: '1m' }, killed);
    await clock.advance(HOUR);
    expect([before.tries, after.tries]).toEqual([1, 0]);
    expect(emitted(io)).toContain('09:10:00 missed');
  });

  it('keeps its period when it was down before the next beat could come', async () => {
    const { io, clock, beat, source } = await startHeartbeat({ every: '1h', grace: '1m' });
    await beat();
    await clock.advance(10 * MINUTE);
    await source.stop();
    await clock.advance(20 * MINUTE);
    const second = await startHeartbeat({ every: '1h', grace: '1m' }, restarted(io));
    await clock.advance(31 * MINUTE);
    expect(emitted(second.io)).toEqual(['10:00:00 missed']);
  });

  it.each([
    ['over the whole time', 5, 70],
    ['when it was due', 59, 62],
    ['within the grace', 62, 63],
    ['a little before it was due', 56, 58],
  ])('that was down %s starts a new period', async (_when, from, to) => {
    const { io, clock, beat, source } = await startHeartbeat({ every: '1h', grace: '5m' });
    await beat();
    await clock.advance(from * MINUTE);
    await source.stop();
    await clock.advance((to - from) * MINUTE);
    const second = await startHeartbeat({ every: '1h', grace: '5m' }, restarted(io));
    await clock.advance(65 * MINUTE - 1);
    expect(second.io.events).toEqual([]);
    // The new period is saved: a restart neither repeats nor undoes it.
    await second.source.stop();
    const third = await startHeartbeat({ every: '1h', grace: '5m' }, restarted(second.io));
    await clock.advance(MINUTE);
    expect(third.io.events).toMatchObject([
      { type: 'heartbeat.missed', data: { last_beat_at: '2026-11-23T09:00:00.000Z' } },
    ]);
  });

  it('saves every 30 s that it is alive, so that after a kill it knows how long it was down', async () => {
    const { io, clock, beat } = await startHeartbeat({ every: '1h', grace: '5m' });
    await beat();
    await clock.advance(50 * MINUTE);
    const killed = restarted(io);
    expect(Number(killed.stored.get('alive'))).toBe(clock.now());
    await clock.advance(20 * MINUTE);
    const { source } = await startHeartbeat({ every: '1h', grace: '5m' }, killed);
    expect(source.detail?.()).toBe('up, due 2026-11-23T11:10:00.000Z');
  });

  it('that replaces another receives beats while the other one stops', async () => {
    const first = await startHeartbeat({ every: '10m', grace: '1m', match: { type: 'backup.done' } });
    await first.clock.advance(5 * MINUTE);
    let goLive = (): void => undefined;
    const live = new Promise<void>((resolve) => {
      goLive = resolve;
    });
    const second = await startHeartbeat(
      { every: '10m', grace: '2m', match: { type: 'backup.done' } },
      { ...heartbeatIo({ clock: first.clock, stored: first.io.stored, events: first.io.events }), live },
    );
    expect(second.pass({})).toBe(true);
    const answer = second.beat('/start');
    await first.source.stop();
    goLive();
    expect(await answer).toMatchObject({ status: 202 });
    expect(second.source.detail?.()).toMatch(/^up, due 2026-11-23T09:15:00.000Z, running/);
  });

  it('counts beats that arrive while it reads the stored state', async () => {
    const io = heartbeatIo();
    let read = (): void => undefined;
    const reading = new Promise<void>((resolve) => (read = resolve));
    const readCheckpoints: typeof io.readCheckpoints = async () => {
      const stored = new Map(io.stored);
      await reading;
      return stored;
    };
    const { clock, source, pass } = await startHeartbeat(
      { every: '10m', match: { type: 'backup.done' } },
      { ...io, readCheckpoints },
    );
    pass({});
    read();
    await clock.advance(0);
    expect(source.detail?.()).toBe('up, due 2026-11-23T09:10:00.000Z');
  });

  it('that never goes live can be stopped, and answers 503', async () => {
    const io = { ...heartbeatIo(), live: new Promise<void>(() => undefined) };
    const { beat, source } = await startHeartbeat({ every: '10m' }, io);
    const answer = beat();
    await source.stop();
    expect([await answer, await beat()]).toMatchObject([{ status: 503 }, { status: 503 }]);
    expect(io.stored.size).toBe(0);
  });
});

describe('a heartbeat whose settings change', () => {
  async function changed(before: object, wait: number, after: object) {
    const { io, clock, beat, source } = await startHeartbeat(before);
    await beat();
    await clock.advance(wait);
    await source.stop();
    return startHeartbeat(after, restarted(io));
  }

  it.each([
    ['every', { every: '1h', grace: '1m' }, { every: '2h', grace: '1m' }, '11:00:00 missed'],
    ['grace', { every: '1h', grace: '1m' }, { every: '1h', grace: '30m' }, '10:00:00 missed'],
    ['cron', { every: '1h', grace: '1m' }, { cron: '45 9 * * *', timezone: 'UTC', grace: '1m' }, '09:45:00 missed'],
  ])('by %s keeps its last beat', async (_what, before, after, expected) => {
    const { io, clock } = await changed(before, 20 * MINUTE, after);
    await clock.advance(3 * HOUR);
    expect(emitted(io)).toEqual([expected]);
    expect(io.events).toMatchObject([{ data: { last_beat_at: '2026-11-23T09:00:00.000Z' } }]);
  });

  it('has not missed a beat that only the new schedule makes overdue', async () => {
    const { io, clock } = await changed({ every: '1d' }, 5 * HOUR, { every: '1h', grace: '1m' });
    await clock.advance(HOUR);
    expect(io.events).toEqual([]);
    await clock.advance(MINUTE);
    expect(emitted(io)).toEqual(['15:00:00 missed']);
  });

  it('stays down', async () => {
    const { io, clock, beat } = await changed({ every: '1h', grace: '1m' }, 2 * HOUR, { every: '3h', grace: '1m' });
    await clock.advance(DAY);
    await beat();
    expect(emitted(io)).toEqual(['10:00:00 missed', '11:00:00 recovered']);
  });
});

describe('a check of the settings', () => {
  it.each([
    [{}, ': neither `every` nor `cron` is set'],
    [{ every: '1m', cron: '* * * * *' }, '/cron: both `every` and `cron` are set'],
    [{ every: '900ms' }, '/every: `every` is less than a second'],
    [{ cron: '0 9 * *', timezone: 'UTC' }, '/cron: this is not a cron pattern: it has 4 fields instead of 5 or 6'],
    [{ cron: '0 9 31 2 *', timezone: 'UTC' }, '/cron: no date ever fits this pattern'],
    [{ cron: '0 9 * * *', timezone: 'Europe/Berln' }, '/timezone: there is no such time zone'],
  ])('%j: %s', (written, expected) => {
    expect(readSourceSettings(heartbeat, written).problems).toEqual([expected]);
  });

  it('points into `match`, and finds all problems', () => {
    const written = { match: { 'data.n': { prefx: 'x' }, any: [{ type: { regex: '(' } }] } };
    const { problems } = readSourceSettings(heartbeat, written);
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      '',
      '/match/data.n/prefx',
      '/match/any/0/type/regex',
    ]);
  });
});

it('in any sequence of events it goes down and recovers alternately, with one event each', async () => {
  const happening = fc.oneof(
    fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 200 }).map((n) => n * SECOND) }),
    fc.constantFrom('beat', 'fail', 'start', 'restart', 'kill').map((what) => ({ what, ms: 0 })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 30 }), async (happenings) => {
      let heart = await startHeartbeat({ every: '1m', grace: '10s' });
      let last: RecordedIo = heart.io;
      for (const { what, ms } of happenings) {
        if (what === 'wait') await heart.clock.advance(ms);
        else if (what === 'restart' || what === 'kill') {
          // A killed source does not save the time of its end.
          if (what === 'restart') await heart.source.stop();
          last = restarted(last);
          await heart.source.stop();
          heart = await startHeartbeat({ every: '1m', grace: '10s' }, last);
        } else await heart.beat(what === 'beat' ? '' : `/${what}`);
        await heart.clock.advance(1);
      }
      await heart.clock.advance(2 * MINUTE + 20 * SECOND);
      const kinds = last.events.map(({ type }) => (type === 'heartbeat.recovered' ? 'back' : 'down'));
      expect(kinds).toEqual(kinds.map((_, index) => (index % 2 === 0 ? 'down' : 'back')));
      expect(kinds.at(-1)).toBe('down');
      expect(new Set(last.events.map(({ id }) => id)).size).toBe(kinds.length);
      await heart.source.stop();
    }),
    { numRuns: 40 },
  );
});
