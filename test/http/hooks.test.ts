import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { heartbeat } from '../../daemon/sources/heartbeat/heartbeat.ts';
import { ask, openTestListener } from '../support/listener.ts';
import { recordedIo, sourceSettings } from '../support/source-io.ts';

async function opened(written: object) {
  const to = await openTestListener();
  const io = recordedIo({ clock: systemClock, name: 'backup' });
  const source = await heartbeat.start(sourceSettings(heartbeat, written), io);
  onTestFinished(() => source.stop());
  const [route] = source.routes!;
  to.daemon.hookRoute = (path) => (`${path}/`.startsWith(`${route!.path}/`) ? route : undefined);
  return { to, io };
}

test('a job beats by any of three methods, without a token and under any Host', async () => {
  const { to, io } = await opened({ every: '1d' });
  for (const method of ['GET', 'POST', 'HEAD']) {
    io.stored.delete('beat:');
    const answer = await ask(to, '/beats/backup', { method, headers: { host: 'nas.lan:8765' } });
    expect([answer.status, answer.text]).toEqual([202, method === 'HEAD' ? '' : '{"ok":true}']);
    expect(io.stored.has('beat:')).toBe(true);
  }
  const wrong = await ask(to, '/beats/backup', { method: 'DELETE' });
  expect([wrong.status, wrong.headers.allow]).toEqual([405, 'GET, HEAD, POST']);
});

test('a run starts, fails with its output, and succeeds again', async () => {
  const { to, io } = await opened({ every: '1d' });
  expect((await ask(to, '/beats/backup/start')).status).toBe(202);
  expect((await ask(to, '/beats/backup/2', { method: 'POST', body: 'disk full\n' })).status).toBe(202);
  expect((await ask(to, '/beats/backup/start')).status).toBe(202);
  expect((await ask(to, '/beats/backup/0')).status).toBe(202);
  expect(io.events).toMatchObject([
    { type: 'heartbeat.failed', data: { exit_code: 2, output: 'disk full', duration: expect.any(Number) } },
    { type: 'heartbeat.recovered', data: { after: 'failed', duration: expect.any(Number) } },
  ]);
});

test('an invalid beat is refused with a reason', async () => {
  const { to, io } = await opened({ every: '1d', key: '{{ data.host }}' });
  const status = async (target: string) => (await ask(to, target)).status;
  expect(await status('/beats/backup/0?key=db1')).toBe(202);
  expect(await status('/beats/backup')).toBe(400);
  expect(await status('/beats/other')).toBe(404);
  const nothing = await ask(to, '/beats/backup/256?key=db1');
  expect([nothing.status, nothing.headers['content-type']]).toEqual([404, 'application/problem+json']);
  io.saveCheckpoints = () => Promise.reject(new Error('a bug'));
  expect((await ask(to, '/beats/backup?key=db1')).status).not.toBe(202);
});
