import { expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openTestServer } from '../../support/test-server.ts';

const RULES = 'channels:\n  ops: { type: log }\nrules:\n  - { name: all, catch_all: true, notify: ops }\n';

interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

test('a daemon beats to its watcher, says when that does not get the beats, and follows an edit of the address', async () => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  const server = await openTestServer();
  onTestFinished(() => server.close());
  home.env.WATCHER = `${server.origin}/ping/5ecret-of-the-check`;
  const heartbeat = (url: string): string => `  heartbeat: { url: "${url}", every: 1s }\n`;
  const reasons = async () => (await home.call<Readiness>('GET', '/readyz')).body;
  await home.rules(RULES, 'rules.yaml', heartbeat('${env:WATCHER}'));
  await home.start();
  await server.arrived(2);
  expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/ping/5ecret-of-the-check' });
  expect(await reasons()).toEqual({ ready: true, reasons: [] });

  server.answer({ status: 404 });
  await home.logged(({ msg }) => msg.startsWith('heartbeat: the watcher did not get'));
  const { ready, reasons: failing } = await reasons();
  expect([ready, failing]).toEqual([true, [expect.stringMatching(/^heartbeat: .*there is nothing at this address/)]]);
  expect((await home.belfry(['status'])).stdout).toContain('there is nothing at this address');
  expect((await home.call<string>('GET', '/metrics')).body).toMatch(/belfry_faults\{part="heartbeat"\} 1/);

  server.answer({ status: 200 });
  await home.rules(RULES, 'rules.yaml', heartbeat(`${server.origin}/ping/another`));
  await home.logged(({ msg }) => msg === 'heartbeat: the watcher gets the beats again');
  expect(await reasons()).toEqual({ ready: true, reasons: [] });
  expect(server.requests.at(-1)!.path).toBe('/ping/another');

  expect(await home.stop()).toBe(0);
  const stopped = server.requests.length;
  expect(server.requests.map(({ path }) => path).filter((path) => !path.startsWith('/ping/'))).toEqual([]);
  expect(home.output).not.toContain('5ecret-of-the-check');
  await home.start();
  await server.arrived(stopped + 1);
});

test('two daemons watch each other: the beats of one reach the source of the other', async () => {
  const [watcher, watched] = await Promise.all([Home.make(), Home.make()]);
  onTestFinished(async () => void (await Promise.all([watcher.close(), watched.close()])));
  await watcher.rules(`${RULES}sources:\n  other: { type: heartbeat, every: 1h, token: 0123456789abcdef0123 }\n`);
  await watcher.start();
  const url = `http://${watcher.address}/beats/other?token=0123456789abcdef0123`;
  await watched.rules(RULES, 'rules.yaml', `  heartbeat: { url: "${url}" }\n`);
  await watched.start();
  const lastBeat = async (): Promise<unknown> => {
    const { body } = await watcher.call<{ sources: { beats?: { last_at?: string }[] }[] }>('GET', '/v1/sources');
    return JSON.stringify(body);
  };
  await expect.poll(lastBeat, { timeout: 20_000 }).toMatch(/last/);
  expect((await watched.call<Readiness>('GET', '/readyz')).body.reasons).toEqual([]);
});
