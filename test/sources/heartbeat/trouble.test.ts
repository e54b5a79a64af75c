import { describe, expect, it } from 'vitest';
import {
  HOUR,
  MINUTE,
  heartbeatIo,
  restarted,
  SECOND,
  startHeartbeat,
  emitted,
  UnsteadyClock,
} from '../../support/heartbeat.ts';
import type { RecordedIo } from '../../support/source-io.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const hourly = { every: '1h', grace: '5m' };

describe('a heartbeat after a gap', () => {
  async function unsteady() {
    const clock = new UnsteadyClock('2026-11-23T09:00:00Z');
    const heart = await startHeartbeat(hourly, heartbeatIo({ clock }));
    await heart.beat();
    await clock.advance(50 * MINUTE);
    return { ...heart, clock };
  }

  it.each(['jump', 'stall'] as const)('(%s over its deadline) starts a new period', async (how) => {
    const { io, clock, source } = await unsteady();
    clock[how](20 * MINUTE);
    await clock.advance(30 * SECOND);
    expect(source.detail?.()).toBe('up, due 2026-11-23T11:10:30.000Z');
    await clock.advance(64 * MINUTE);
    expect(io.events).toEqual([]);
    await clock.advance(MINUTE);
    expect(emitted(io)).toEqual(['11:10:30 missed']);
  });

  it('that was killed before it noticed the gap finds it at the start', async () => {
    const { io, clock } = await unsteady();
    clock.jump(20 * MINUTE);
    const { source } = await startHeartbeat(hourly, restarted(io));
    expect(source.detail?.()).toBe('up, due 2026-11-23T11:10:00.000Z');
  });

  it('that is stopped before it noticed the gap does not save that it was alive', async () => {
    const { io, clock, source } = await unsteady();
    clock.jump(20 * MINUTE);
    await source.stop();
    expect(new Date(Number(io.stored.get('alive'))).toISOString()).toBe('2026-11-23T09:50:00.000Z');
  });

  it('is missed in time when no beat was expected during the gap', async () => {
    const { io, clock } = await unsteady();
    clock.jump(-20 * MINUTE);
    await clock.advance(30 * SECOND);
    clock.jump(20 * MINUTE);
    await clock.advance(15 * MINUTE);
    expect(emitted(io)).toEqual(['10:00:00 missed']);
  });

  it('does not count from the future when the clock is set back by a day', async () => {
    const { io, clock } = await unsteady();
    clock.jump(-24 * HOUR);
    await clock.advance(30 * SECOND);
    await clock.advance(HOUR + 5 * MINUTE);
    expect(io.events).toMatchObject([{ data: { expected_at: '2026-11-22T10:50:30.000Z' } }]);
  });

  it('does not count from the future when the clock was set back during a stop', async () => {
    const { io, clock, source } = await unsteady();
    await source.stop();
    clock.jump(-24 * HOUR);
    const second = await startHeartbeat(hourly, restarted(io));
    await clock.advance(HOUR + 5 * MINUTE);
    expect(second.io.events).toMatchObject([{ data: { expected_at: '2026-11-22T10:50:00.000Z' } }]);
  });
});

describe('a heartbeat on a full disk', () => {
  /** The store of the source, which refuses everything while it is full. */
  function fillable(clock = new VirtualClock()): { readonly io: RecordedIo; full: boolean } {
    const io = heartbeatIo({ clock });
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

  it('refuses beats, and does not count them as missed', async () => {
    const disk = fillable();
    const { io, clock, beat, source } = await startHeartbeat(hourly, disk.io);
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

  it('does not count a refused beat as missed, also if it was the only one', async () => {
    const io = heartbeatIo();
    let refusals = 0;
    const saveCheckpoints: typeof io.saveCheckpoints = (checkpoints) =>
      refusals > 0 && checkpoints.some(({ key }) => key === 'beat:')
        ? ((refusals -= 1), Promise.reject(new Error('disk full')))
        : io.saveCheckpoints(checkpoints);
    const { clock, beat } = await startHeartbeat(hourly, { ...io, saveCheckpoints });
    await beat();
    await clock.advance(HOUR);
    refusals = 1;
    await expect(beat()).rejects.toThrow('disk full');
    await clock.advance(HOUR);
    expect(io.events).toEqual([]);
  });

  it('that was also stopped starts its new period when there is room', async () => {
    const clock = new UnsteadyClock('2026-11-23T09:00:00Z');
    const disk = fillable(clock);
    const { io, beat, source } = await startHeartbeat(hourly, disk.io);
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

  it('reports a miss from before the full disk once, when there is room', async () => {
    const disk = fillable();
    const { io, clock, beat } = await startHeartbeat(hourly, disk.io);
    await beat();
    await clock.advance(65 * MINUTE - 1);
    disk.full = true;
    await clock.advance(20 * SECOND);
    disk.full = false;
    await clock.advance(10 * MINUTE);
    expect(emitted(io)).toEqual(['10:00:00 missed']);
  });

  it('starts when there is room, and requests wait until then', async () => {
    const disk = fillable();
    disk.full = true;
    const { clock, beat } = await startHeartbeat(hourly, disk.io);
    const answer = beat();
    await clock.advance(5 * SECOND);
    expect(disk.io.stored.size).toBe(0);
    disk.full = false;
    await clock.advance(5 * SECOND);
    expect(await answer).toMatchObject({ status: 202 });
  });

  it('recovers only with a stored event', async () => {
    const { io, clock, beat } = await startHeartbeat(hourly);
    await clock.advance(2 * HOUR);
    io.refuse(new Error('disk full'));
    await expect(beat()).rejects.toThrow('disk full');
    expect(io.stored.has('beat:')).toBe(false);
    await beat();
    expect(emitted(io)).toEqual(['10:00:00 missed', '11:00:00 recovered']);
  });
});

describe('a heartbeat with concurrent requests', () => {
  const often = { every: '10m', grace: '1m', match: { type: 'backup.done' } };
  const done = { id: 'e', source: 'api', type: 'backup.done', time: '', data: null };

  it('fails once', async () => {
    const { io, beat } = await startHeartbeat(often);
    await Promise.all([beat('/1'), beat('/2'), beat('/fail')]);
    expect(io.tries).toBe(1);
  });

  it('stays down by a failure that was reported after a beat, although both are stored together', async () => {
    const io = heartbeatIo();
    let store = (): void => undefined;
    const emit: typeof io.emit = async (event, checkpoints) => {
      await new Promise<void>((resolve) => (store = resolve));
      return io.emit(event, checkpoints);
    };
    const { clock, beat, source } = await startHeartbeat(often, { ...io, emit });
    await clock.advance(MINUTE);
    const seen = source.observe?.(done, clock.now());
    const answer = beat('/fail');
    await clock.advance(0);
    seen?.committed();
    store();
    await answer;
    await clock.advance(MINUTE);
    expect(emitted(io)).toEqual(['09:01:00 failed']);
  });

  it('recovers before it fails again', async () => {
    const { io, clock, beat, pass } = await startHeartbeat(often);
    await clock.advance(11 * MINUTE);
    io.refuse(new Error('disk full'));
    pass(done);
    await clock.advance(0);
    await beat('/fail');
    await clock.advance(MINUTE);
    expect(emitted(io)).toEqual(['09:10:00 missed', '09:11:00 recovered', '09:11:00 failed']);
  });

  it('has no more keys than the limit', async () => {
    const keyed = { ...often, key: '{{ data }}' };
    const { io, clock, beat, source } = await startHeartbeat(keyed);
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
