import { expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { describePostgres, sharedPostgres } from '../../support/postgres-server.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';

const postgres = sharedPostgres();

const rules = (origin: string): string => `channels:
  slow: { type: webhook, url: "${origin}/slow", delivery: { rate: 4/1m } }
  ops: { type: webhook, url: "${origin}/ops" }
  refusing: { type: webhook, url: "${origin}/refusing" }
rules:
  - { name: slow, match: { type: slow }, notify: slow, message: { title: "{{ data.n }}" } }
  - { name: once, match: { type: once }, key: all, dedupe: 1h, notify: ops, message: { title: "once {{ data.n }}" } }
  - { name: refused, match: { type: refused }, notify: refusing, message: { title: "refused" } }
  - { name: held, match: { type: held }, notify: ops, message: { title: "held {{ data.n }}" } }
`;

/** Two daemons on one schema, and the server that their channels post to. */
async function open(): Promise<{ homes: readonly [Home, Home]; sink: TestServer }> {
  const server = await postgres();
  const url = server.url(await server.newDatabase());
  const sink = await openTestServer();
  onTestFinished(() => sink.close());
  const start = async (instance: string): Promise<Home> => {
    const home = await Home.make();
    onTestFinished(() => home.close());
    const settings = `  store: { type: postgres, url: "${url}" }\n  instance: ${instance}\n`;
    await home.rules(rules(sink.origin), 'rules.yaml', settings);
    if (instance === 'a') expect(await home.belfry(['store', 'migrate'])).toMatchObject({ code: 0 });
    await home.start();
    return home;
  };
  return { homes: [await start('a'), await start('b')], sink };
}

const post = (home: Home, type: string, n = 0) => home.call('POST', '/v1/events', { type, data: { n } });
const pathsOf = (sink: TestServer): string[] => sink.requests.map(({ path }) => path);

describePostgres('two daemons on one database', () => {
  test('keep a rate together: both send no more than one of them might', async () => {
    const { homes, sink } = await open();
    for (let n = 0; n < 12; n += 1) await post(homes[n % 2]!, 'slow', n);
    await expect.poll(() => pathsOf(sink).length).toBe(4);
    const states = await Promise.all(homes.map((home) => home.call<StatusBody>('GET', '/v1/status')));
    const waiting = states.map(({ body }) => body.channels.find(({ name }) => name === 'slow')!.pending);
    expect(Math.max(...waiting)).toBeGreaterThan(0);
    expect(pathsOf(sink)).toHaveLength(4);
  });

  test('decide as one: a duplicate of a key is noticed wherever it arrives', async () => {
    const { homes, sink } = await open();
    const outcomes: unknown[] = [];
    for (let n = 0; n < 6; n += 1) outcomes.push((await post(homes[n % 2]!, 'once', n)).status);
    expect(outcomes).toEqual(Array.from({ length: 6 }, () => 202));
    await expect.poll(() => pathsOf(sink)).toEqual(['/ops']);
  });

  test('hold a channel together, and release it together', async () => {
    const { homes, sink } = await open();
    const [a, b] = homes;
    await a.call('POST', '/v1/channels/ops/hold', { reason: 'a change' });
    const stateAt = async (home: Home): Promise<unknown> =>
      (await home.call<StatusBody>('GET', '/v1/status')).body.channels.find(({ name }) => name === 'ops')!.state;
    await expect.poll(() => stateAt(b)).toBe('paused');
    for (const home of homes) await post(home, 'held');
    expect(pathsOf(sink)).toEqual([]);
    await b.call('POST', '/v1/channels/ops/release');
    await expect.poll(() => pathsOf(sink)).toEqual(['/ops', '/ops']);
  });

  test('have the same dead letters: what died at one is resent by the other', async () => {
    const { homes, sink } = await open();
    const [a, b] = homes;
    sink.answer({ status: 400 });
    await post(a, 'refused');
    const dead = async (): Promise<number> =>
      (await b.belfry(['dead', 'list', '--json'])).stdout.split('\n').filter((line) => line !== '').length;
    await expect.poll(dead).toBe(1);
    sink.answer({ status: 200 });
    await b.call('POST', '/v1/dead/resend', { all: true });
    await expect.poll(dead).toBe(0);
    expect(pathsOf(sink)).toEqual(['/refusing', '/refusing']);
    expect((await a.call<{ violations: readonly string[] }>('GET', '/v1/audit')).body.violations).toEqual([]);
  });
});

interface StatusBody {
  readonly channels: readonly { readonly name: string; readonly state: string; readonly pending: number }[];
}
