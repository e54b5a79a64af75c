import { describe, expect, it } from 'vitest';
import type { Json } from '../../../daemon/core/values/json.ts';
import { DAY, HOUR, MINUTE, heartbeatIo, restarted, SECOND, startHeartbeat, emitted } from '../../support/heartbeat.ts';

const often = { every: '10m', grace: '1m' };

describe('the URL of a heartbeat', () => {
  it('is a route with three methods', async () => {
    const { source } = await startHeartbeat(often);
    expect(source.routes).toMatchObject([{ path: '/beats/backup', subpaths: true, methods: ['GET', 'HEAD', 'POST'] }]);
  });

  it('reports a failure with the output and the run time of the job', async () => {
    const { io, clock, beat } = await startHeartbeat(often);
    await beat('/start');
    await clock.advance(90 * SECOND);
    expect(await beat('/3', { body: 'no space left\n' })).toEqual({ status: 202, body: { ok: true } });
    expect(io.events).toEqual([
      {
        id: 'backup:failed:2026-11-23T09:01:30.000Z',
        type: 'heartbeat.failed',
        subject: 'backup',
        data: {
          heartbeat: 'backup',
          last_beat_at: null,
          exit_code: 3,
          duration: 90 * SECOND,
          output: 'no space left',
          state: 'down',
        },
      },
    ]);
    await beat('/start');
    await clock.advance(MINUTE);
    await beat('/0');
    expect(io.events[1]).toMatchObject({
      type: 'heartbeat.recovered',
      data: { after: 'failed', down_for: MINUTE, duration: MINUTE },
    });
  });

  it('gives the event of a request its hops', async () => {
    const { io, beat } = await startHeartbeat(often);
    await beat('/fail', { headers: { 'belfry-hops': '2' } });
    expect(io.events).toMatchObject([{ type: 'heartbeat.failed', belfryhops: 2 }]);
    expect(await beat('', { headers: { 'belfry-hops': '-' } })).toMatchObject({ status: 400 });
  });

  it('reports one failure per outage, and no miss in it', async () => {
    const { io, clock, beat } = await startHeartbeat(often);
    for (const ending of ['/fail', '/1', '/255', '', '/fail']) {
      await clock.advance(2 * MINUTE);
      await beat(ending);
    }
    await clock.advance(HOUR);
    expect(emitted(io)).toEqual(['09:02:00 failed', '09:08:00 recovered', '09:10:00 failed']);
    await clock.advance(DAY);
    await beat();
    await clock.advance(11 * MINUTE);
    await beat('/fail');
    await beat('/0');
    expect(emitted(io).slice(3)).toEqual(['10:10:00 recovered', '10:20:00 missed', '10:21:00 recovered']);
  });

  it('does not count the start of a run as a beat', async () => {
    const { io, clock, beat } = await startHeartbeat(often);
    await beat();
    await clock.advance(10 * MINUTE);
    await beat('/start');
    await clock.advance(MINUTE);
    expect(emitted(io)).toEqual(['09:10:00 missed']);
  });

  it.each(['/', '/256', '/1000', '/-1', '/00', '/01', '/1.5', '/Fail', '/stop', '/fail/', '/fail/1', '/0x1'])(
    'has nothing at %s',
    async (ending) => {
      const { io, beat } = await startHeartbeat(often);
      expect(await beat(ending)).toMatchObject({ status: 404, body: { status: 404 } });
      expect([...io.stored.keys()].sort()).toEqual(['alive', 'by', 'counted:', 'when']);
    },
  );

  it('keeps the end of a long output, from a whole character on', async () => {
    const { io, beat } = await startHeartbeat(often);
    await beat('/fail', { body: `first ${'é'.repeat(20_000)}x` });
    const { output } = io.events[0]!.data as { output: string };
    expect(output).toBe(`${'é'.repeat(5119)}x`);
  });

  it('accepts a body that is not text', async () => {
    const { io, beat } = await startHeartbeat(often);
    await beat('/fail', { body: Buffer.from([0xff, 0x41, 0x80]) });
    expect(io.events).toMatchObject([{ data: { output: '\ufffdA\ufffd' } }]);
  });

  it('answers only when the beat is stored', async () => {
    const io = heartbeatIo();
    let store = (): void => undefined;
    const saveCheckpoints: typeof io.saveCheckpoints = (checkpoints) =>
      checkpoints.some(({ key }) => key === 'beat:')
        ? new Promise((resolve) => (store = () => void io.saveCheckpoints(checkpoints).then(resolve)))
        : io.saveCheckpoints(checkpoints);
    const { clock, beat } = await startHeartbeat(often, { ...io, saveCheckpoints });
    let answered = false;
    const answer = beat().then(() => (answered = true));
    await clock.advance(SECOND);
    expect([answered, io.stored.has('beat:')]).toEqual([false, false]);
    store();
    await answer;
    expect(io.stored.has('beat:')).toBe(true);
  });
});

describe('heartbeats by key', () => {
  const keyed = { ...often, key: '{{ data.host }}' };

  it('are independent, and exist from their first request', async () => {
    const { io, clock, beat, source } = await startHeartbeat(keyed);
    expect(source.detail?.()).toBe('no beat yet');
    await clock.advance(HOUR);
    await beat('', { query: 'key=db1' });
    await beat('/fail', { query: 'key=db2' });
    await beat('/start', { query: 'key=db%203' });
    await clock.advance(5 * MINUTE);
    await beat('', { query: 'key=db2' });
    expect(source.detail?.()).toBe('2 up, 1 new');
    await clock.advance(6 * MINUTE);
    expect(emitted(io)).toEqual([
      '10:00:00 failed db2',
      '10:05:00 recovered db2',
      '10:10:00 missed db1',
      '10:10:00 missed db 3',
    ]);
    expect(source.detail?.()).toBe('1 up, 2 down (db1, db 3)');
    expect(io.events[2]).toMatchObject({
      id: 'backup:db1:missed:2026-11-23T10:10:00.000Z',
      subject: 'db1',
      data: { heartbeat: 'backup', key: 'db1' },
    });
  });

  it('require a key, which others refuse', async () => {
    const many = await startHeartbeat(keyed);
    for (const query of ['', 'key=', 'key=%20%0a', `key=${'x'.repeat(201)}`])
      expect(await many.beat('', { query })).toMatchObject({ status: 400 });
    const one = await startHeartbeat(often);
    expect(await one.beat('', { query: 'key=db1' })).toMatchObject({ status: 400 });
  });

  it('continue after a restart, unless the template of the key has changed', async () => {
    const first = await startHeartbeat(keyed);
    await first.beat('', { query: 'key=db1' });
    await first.beat('/fail', { query: 'key=db2' });
    await first.source.stop();
    const second = await startHeartbeat(keyed, restarted(first.io));
    expect(second.source.detail?.()).toBe('1 up, 1 down (db2)');
    await second.source.stop();
    for (const [settings, detail] of [
      [{ ...often, key: '{{ data.name }}' }, 'no beat yet'],
      [often, 'new, due 2026-11-23T09:10:00.000Z'],
    ] as const) {
      const other = await startHeartbeat(settings, restarted(second.io));
      expect(other.source.detail?.()).toBe(detail);
      expect([...other.io.stored.keys()].filter((key) => key.includes('db'))).toEqual([]);
    }
  });

  it('are limited to ten thousand, and the long silent ones are forgotten when there is no room', async () => {
    const { io, clock, beat, source } = await startHeartbeat({ every: '2s', grace: '0s', key: 'host' });
    const send = (from: number, to: number) =>
      Promise.all(Array.from({ length: to - from }, (_, n) => beat('/start', { query: `key=h${from + n}` })));
    await send(0, 10_000);
    expect(await beat('', { query: 'key=more' })).toMatchObject({ status: 503 });
    await clock.advance(0);
    expect(io.reports.at(-1)).toMatch(/^10000 keys are known/);
    await clock.advance(50 * SECOND);
    expect(io.events).toHaveLength(10_000);
    await beat('', { query: 'key=h5' });
    await clock.advance(40 * SECOND);
    expect(source.detail?.()).toBe('1 down (h5)');
    expect([...io.stored.keys()].filter((key) => key.endsWith(':h6'))).toEqual([]);
    expect(await beat('', { query: 'key=more' })).toMatchObject({ status: 202 });
    expect(io.reports.at(-1)).toBeUndefined();
  });

  it('that are down and silent for thirty periods and a week are forgotten', async () => {
    const { io, clock, beat, source } = await startHeartbeat({ every: '2h', grace: '0s', key: 'host' });
    await beat('', { query: 'key=gone' });
    await beat('', { query: 'key=failing' });
    await clock.advance(6 * DAY);
    await beat('/fail', { query: 'key=failing' });
    await clock.advance(DAY + HOUR);
    expect(source.detail?.()).toBe('2 down (gone, failing)');
    await clock.advance(HOUR + MINUTE);
    expect(source.detail?.()).toBe('1 down (failing)');
    expect([...io.stored.keys()].filter((key) => key.endsWith('gone'))).toEqual([]);
  });
});

describe('beats in events of other sources', () => {
  const matching = { ...often, match: { type: 'backup.done', 'data.ok': true }, key: '{{ data.host }}' };
  const done = (data: Json) => ({ type: 'backup.done', data });

  it('are the matching ones, with the key of the event', async () => {
    const { io, clock, pass } = await startHeartbeat(matching);
    expect(pass(done({ ok: false, host: 'db1' }))).toBe(false);
    expect(pass({ type: 'other', data: { ok: true, host: 'db1' } })).toBe(false);
    expect(pass(done({ ok: true, host: 'db1' }))).toBe(true);
    await clock.advance(5 * MINUTE);
    expect(pass(done({ ok: true, host: 'db2' }))).toBe(true);
    await clock.advance(6 * MINUTE);
    expect(emitted(io)).toEqual(['09:10:00 missed db1']);
    expect(pass(done({ ok: true, host: 'db1' }))).toBe(true);
    await clock.advance(0);
    expect(emitted(io)[1]).toBe('09:11:00 recovered db1');
  });

  it('count only if the event is stored', async () => {
    const { io, clock, pass } = await startHeartbeat(matching);
    pass(done({ ok: true, host: 'db1' }));
    await clock.advance(10 * MINUTE);
    pass(done({ ok: true, host: 'db1' }), false);
    await clock.advance(MINUTE);
    expect(emitted(io)).toEqual(['09:10:00 missed db1']);
  });

  it('without a key are ignored', async () => {
    const { pass } = await startHeartbeat(matching);
    expect([pass(done({ ok: true })), pass(done({ ok: true, host: ' ' }))]).toEqual([false, false]);
  });

  it('end an outage also when the daemon was killed before it could report that', async () => {
    const { io, clock, pass, source } = await startHeartbeat(matching);
    pass(done({ ok: true, host: 'db1' }));
    await clock.advance(11 * MINUTE);
    pass(done({ ok: true, host: 'db1' }));
    const killed = restarted(io);
    await source.stop();
    io.events.splice(1);
    await startHeartbeat(matching, killed);
    expect(emitted(killed)).toEqual(['09:10:00 missed db1', '09:11:00 recovered db1']);
  });

  it('are observed only with `match`', async () => {
    expect('observe' in (await startHeartbeat(often)).source).toBe(false);
  });
});
