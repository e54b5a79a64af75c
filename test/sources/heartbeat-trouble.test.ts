import { describe, expect, it } from 'vitest';
import {
  HOUR,
  MINUTE,
  recordedHeart,
  restarted,
  SECOND,
  startHeart,
  told,
  UnsteadyClock,
} from '../support/heartbeat.ts';
import type { RecordedIo } from '../support/source-io.ts';

const hourly = { every: '1h', grace: '5m' };

describe('a heartbeat while nobody could listen', () => {
  async function unsteady() {
    const clock = new UnsteadyClock('2026-11-23T09:00:00Z');
    const heart = await startHeart(hourly, recordedHeart({ clock }));
    await heart.beat();
    await clock.advance(50 * MINUTE);
    return { ...heart, clock };
  }

  it.each(['jump', 'stall'] as const)('(%s over its deadline) is given a whole period more', async (how) => {
    const { io, clock, source } = await unsteady();
    clock[how](20 * MINUTE);
    await clock.advance(30 * SECOND);
    expect(source.detail?.()).toBe('up, due 2026-11-23T11:10:30.000Z');
    await clock.advance(64 * MINUTE);
    expect(io.events).toEqual([]);
    await clock.advance(MINUTE);
    expect(told(io)).toEqual(['11:10:30 missed']);
  });

  it('and was killed before it noticed finds it out at the start', async () => {
    const { io, clock } = await unsteady();
    clock.jump(20 * MINUTE);
    const { source } = await startHeart(hourly, restarted(io));
    expect(source.detail?.()).toBe('up, due 2026-11-23T11:10:00.000Z');
  });

  it('and is stopped before it noticed does not say that it listened', async () => {
    const { io, clock, source } = await unsteady();
    clock.jump(20 * MINUTE);
    await source.stop();
    expect(new Date(Number(io.stored.get('alive'))).toISOString()).toBe('2026-11-23T09:50:00.000Z');
  });

  it('is missed in time when what passed was not the time of a beat', async () => {
    const { io, clock } = await unsteady();
    clock.jump(-20 * MINUTE);
    await clock.advance(30 * SECOND);
    clock.jump(20 * MINUTE);
    await clock.advance(15 * MINUTE);
    expect(told(io)).toEqual(['10:00:00 missed']);
  });

  it('is not awaited from the future when the clock is set back by a day', async () => {
    const { io, clock } = await unsteady();
    clock.jump(-24 * HOUR);
    await clock.advance(30 * SECOND);
    await clock.advance(HOUR + 5 * MINUTE);
    expect(io.events).toMatchObject([{ data: { expected_at: '2026-11-22T10:50:30.000Z' } }]);
  });

  it('is not awaited from the future either when the clock was set back in between', async () => {
    const { io, clock, source } = await unsteady();
    await source.stop();
    clock.jump(-24 * HOUR);
    const second = await startHeart(hourly, restarted(io));
    await clock.advance(HOUR + 5 * MINUTE);
    expect(second.io.events).toMatchObject([{ data: { expected_at: '2026-11-22T10:50:00.000Z' } }]);
  });
});

describe('a heartbeat on a full disk', () => {
  /** What lies behind the source, which takes nothing while it is full. */
  function fillable(): { readonly io: RecordedIo; full: boolean } {
    const io = recordedHeart();
    const disk: { readonly io: RecordedIo; full: boolean } = {
      full: false,
      io: {
        ...io,
        get tries() {
          return io.tries;
        },
        mark: (marks) => (disk.full ? Promise.reject(new Error('disk full')) : io.mark(marks)),
        emit: (event, marks) => (disk.full ? Promise.reject(new Error('disk full')) : io.emit(event, marks)),
      },
    };
    return disk;
  }

  it('refuses beats, and does not take them for missed', async () => {
    const disk = fillable();
    const { io, clock, beat, source } = await startHeart(hourly, disk.io);
    await beat();
    await clock.advance(58 * MINUTE);
    disk.full = true;
    await clock.advance(2 * MINUTE);
    await expect(beat()).rejects.toThrow('disk full');
    expect(io.reports.at(-1)).toBe('nothing can be stored: disk full');
    await clock.advance(10 * MINUTE);
    disk.full = false;
    await clock.advance(MINUTE);
    expect([io.events, io.reports.at(-1)]).toEqual([[], undefined]);
    expect(source.detail?.()).toMatch(/^up, due 2026-11-23T11:1/);
  });

  it('tells what was missed before it was full, once, when there is room', async () => {
    const disk = fillable();
    const { io, clock, beat } = await startHeart(hourly, disk.io);
    await beat();
    await clock.advance(65 * MINUTE - 1);
    disk.full = true;
    await clock.advance(20 * SECOND);
    disk.full = false;
    await clock.advance(10 * MINUTE);
    expect(told(io)).toEqual(['10:00:00 missed']);
  });

  it('begins when there is room, and lets requests wait until then', async () => {
    const disk = fillable();
    disk.full = true;
    const { clock, beat } = await startHeart(hourly, disk.io);
    const answer = beat();
    await clock.advance(5 * SECOND);
    expect(disk.io.stored.size).toBe(0);
    disk.full = false;
    await clock.advance(5 * SECOND);
    expect(await answer).toMatchObject({ status: 202 });
  });

  it('comes back only with an event that is stored', async () => {
    const { io, clock, beat } = await startHeart(hourly);
    await clock.advance(2 * HOUR);
    io.refuse(new Error('disk full'));
    await expect(beat()).rejects.toThrow('disk full');
    expect(io.stored.has('beat:')).toBe(false);
    await beat();
    expect(told(io)).toEqual(['10:00:00 missed', '11:00:00 recovered']);
  });
});
