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
} from '../../support/heartbeat.ts';
import type { RecordedIo } from '../../support/source-io.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

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
  function fillable(clock = new VirtualClock()): { readonly io: RecordedIo; full: boolean } {
    const io = recordedHeart({ clock });
    const disk: { readonly io: RecordedIo; full: boolean } = {
      full: false,
      io: {
        ...io,
        get tries() {
          return io.tries;
        },
        saveCheckpoints: (checkpoints) =>
          disk.full ? Promise.reject(new Error('disk full')) : io.saveCheckpoints(checkpoints),
        emit: (event, checkpoints) =>
          disk.full ? Promise.reject(new Error('disk full')) : io.emit(event, checkpoints),
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

  it('does not take for missed what was refused, also if that was the only one', async () => {
    const io = recordedHeart();
    let refusals = 0;
    const saveCheckpoints: typeof io.saveCheckpoints = (checkpoints) =>
      refusals > 0 && checkpoints.some(({ key }) => key === 'beat:')
        ? ((refusals -= 1), Promise.reject(new Error('disk full')))
        : io.saveCheckpoints(checkpoints);
    const { clock, beat } = await startHeart(hourly, { ...io, saveCheckpoints });
    await beat();
    await clock.advance(HOUR);
    refusals = 1;
    await expect(beat()).rejects.toThrow('disk full');
    await clock.advance(HOUR);
    expect(io.events).toEqual([]);
  });

  it('that was stopped as well is given its period when there is room', async () => {
    const clock = new UnsteadyClock('2026-11-23T09:00:00Z');
    const disk = fillable(clock);
    const { io, beat, source } = await startHeart(hourly, disk.io);
    await beat();
    await clock.advance(50 * MINUTE);
    disk.full = true;
    clock.stall(20 * MINUTE);
    await clock.advance(40 * SECOND);
    disk.full = false;
    await clock.advance(30 * SECOND);
    expect(io.events).toEqual([]);
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

describe('a heartbeat to which much happens at once', () => {
  const often = { every: '10m', grace: '1m', match: { type: 'backup.done' } };
  const done = { id: 'e', source: 'api', type: 'backup.done', time: '', data: null };

  it('fails once', async () => {
    const { io, beat } = await startHeart(often);
    await Promise.all([beat('/1'), beat('/2'), beat('/fail')]);
    expect(io.tries).toBe(1);
  });

  it('stays down by a failure that was reported after a beat, though both are stored together', async () => {
    const io = recordedHeart();
    let store = (): void => undefined;
    const emit: typeof io.emit = async (event, checkpoints) => {
      await new Promise<void>((resolve) => (store = resolve));
      return io.emit(event, checkpoints);
    };
    const { clock, beat, source } = await startHeart(often, { ...io, emit });
    await clock.advance(MINUTE);
    const seen = source.observe?.(done, clock.now());
    const answer = beat('/fail');
    await clock.advance(0);
    seen?.committed();
    store();
    await answer;
    await clock.advance(MINUTE);
    expect(told(io)).toEqual(['09:01:00 failed']);
  });

  it('comes back before it fails again', async () => {
    const { io, clock, beat, pass } = await startHeart(often);
    await clock.advance(11 * MINUTE);
    io.refuse(new Error('disk full'));
    pass(done);
    await clock.advance(0);
    await beat('/fail');
    await clock.advance(MINUTE);
    expect(told(io)).toEqual(['09:10:00 missed', '09:11:00 recovered', '09:11:00 failed']);
  });

  it('has no more keys than there is room for', async () => {
    const keyed = { ...often, key: '{{ data }}' };
    const { io, clock, beat, source } = await startHeart(keyed);
    await Promise.all(Array.from({ length: 9_999 }, (_, n) => beat('', { query: `key=h${n}` })));
    const seen = ['a', 'b'].map((data) => source.observe?.({ ...done, data }, clock.now()));
    for (const each of seen) {
      for (const { key, value } of each!.checkpoints) io.stored.set(key, value!);
      each!.committed();
    }
    await clock.advance(0);
    expect(source.detail?.()).toBe('10000 up');
    expect([io.stored.has('beat:a'), io.stored.has('beat:b')]).toEqual([true, false]);
    expect(source.observe?.({ ...done, data: 'c' }, clock.now())).toBeUndefined();
  });
});
