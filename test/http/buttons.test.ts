import { expect, test } from 'vitest';
import { BUTTON_LIFETIME_MS } from '../../daemon/core/alerts/press.ts';
import { ButtonHarness, PUBLIC_URL } from '../support/buttons.ts';
import { openTestListener } from '../support/listener.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Harness with a listener before it. */
async function open(options: Parameters<typeof ButtonHarness.open>[0] = {}) {
  const harness = await ButtonHarness.open(options);
  const { listener, daemon, logged } = await openTestListener({ clock: harness.clock });
  daemon.buttons = harness.buttons;
  daemon.reachedBy = PUBLIC_URL;
  const call = async (method: string, token: string, more: RequestInit & { path?: string; body?: string } = {}) => {
    const { path = '/actions/', ...init } = more;
    const response = await fetch(`http://${listener.address}${path}${token}`, {
      method,
      redirect: 'manual',
      ...init,
    });
    return { status: response.status, headers: response.headers, page: await response.text() };
  };
  const press = (token: string, headers: Record<string, string> = {}, body = `token=${token}`) =>
    call('POST', token, { body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } });
  return { harness, call, press, logged, address: listener.address };
}

test('a link asks once and changes nothing, however often it is fetched; its form does it', async () => {
  const { harness, call, press } = await open();
  const [ops] = await harness.event('down');
  expect(harness.buttonsOf(ops!).map(({ label }) => label)).toEqual([
    'Acknowledge',
    'Silence 1h',
    'Resolve',
    'Runbook',
  ]);
  expect(harness.buttonsOf(ops!)[0]!.url).toMatch(/^https:\/\/belfry\.example\.com\/alerts\/actions\/[\w-]{50}$/);
  const { Acknowledge: token } = harness.tokensOf(ops!);
  for (const method of ['GET', 'HEAD', 'GET']) {
    const { status, headers, page } = await call(method, token!, { headers: { purpose: 'prefetch' } });
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/,
    );
    expect(page.includes('Acknowledge this alert?')).toBe(method === 'GET');
  }
  expect(harness.actions.alerts()).toMatchObject([{ state: 'firing' }]);
  const { page } = await call('GET', token!);
  expect(page).toContain('Disk of db1 &lt;b&gt;');
  expect(page).not.toMatch(/<script|<img|javascript:|https?:/);
  expect(await press(token!)).toMatchObject({ status: 200, page: expect.stringContaining('<h1>Acknowledged</h1>') });
  expect(harness.actions.alerts()).toMatchObject([{ state: 'acknowledged', acknowledged_by: 'link of ops' }]);
});

test('each link works once, also for two people at once, and after a restart', async () => {
  const path = await temporaryFolder();
  const key = Buffer.alloc(32, 1);
  const first = await open({ path, key });
  const [ops, mail] = await first.harness.event('down');
  const tokens = { ops: first.harness.tokensOf(ops!), mail: first.harness.tokensOf(mail!) };
  const both = await Promise.all([first.press(tokens.mail.Acknowledge!), first.press(tokens.mail.Acknowledge!)]);
  expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 410]));
  expect(first.harness.actions.alerts()).toMatchObject([{ acknowledged_by: 'link of mail to ann@example.com' }]);
  // The link of another message says who was first.
  const other = await first.press(tokens.ops.Acknowledge!);
  expect(other).toMatchObject({ status: 200, page: expect.stringContaining('Acknowledged by link of mail to ann@') });
  await first.harness.store.close();

  const { harness, call, press } = await open({ path, key });
  expect(await press(tokens.mail.Acknowledge!)).toMatchObject({ status: 410 });
  const { page } = await call('GET', tokens.mail.Acknowledge!);
  expect(page).toContain('This link was used before');
  expect(page).toContain('Acknowledged by link of mail to ann@example.com');
  expect(page).not.toContain('<form');
  expect((await press(tokens.ops.Resolve!)).status).toBe(200);
  expect(harness.actions.alerts()).toEqual([]);
});

test('a silence of a button covers the rule and the key, for its time', async () => {
  const { harness, press } = await open();
  const [ops] = await harness.event('down');
  expect(await press(harness.tokensOf(ops!)['Silence 1h']!)).toMatchObject({
    page: expect.stringContaining('Silenced for 1h'),
  });
  expect(harness.actions.silences()).toMatchObject([
    { match: { rule: 'disk', key: 'db1' }, by: 'link of ops', state: 'active', reason: 'by the button of a message' },
  ]);
  await harness.clock.advance(3_600_000);
  expect(harness.actions.silences()).toMatchObject([{ state: 'expired' }]);
});

test('a link of an alert that is over changes no later alert of the same key', async () => {
  const { harness, call, press } = await open();
  const [before] = await harness.event('down');
  const token = harness.tokensOf(before!).Acknowledge!;
  await harness.clock.advance(1000);
  await harness.event('up');
  expect(await press(token)).toMatchObject({ status: 410, page: expect.stringContaining('This alert is over') });
  await harness.clock.advance(1000);
  await harness.event('down');
  expect((await press(token)).status).toBe(410);
  expect((await call('GET', token)).page).not.toContain('<form');
  expect(harness.actions.alerts()).toMatchObject([{ state: 'firing' }]);
});

test('a link ends after 7 days', async () => {
  const { harness, press } = await open();
  const [ops] = await harness.event('down');
  const { Acknowledge: ack, Resolve: resolve } = harness.tokensOf(ops!);
  await harness.clock.advance(BUTTON_LIFETIME_MS - 1);
  expect((await press(ack!)).status).toBe(200);
  await harness.clock.advance(1);
  expect(await press(resolve!)).toMatchObject({ status: 410, page: expect.stringContaining('too old') });
  expect(harness.actions.alerts()).toHaveLength(1);
});

test('a changed, foreign or incomplete token is refused before the store is asked', async () => {
  const { harness, call, press } = await open();
  const [ops] = await harness.event('down');
  const token = harness.tokensOf(ops!).Resolve!;
  const claim = { delivery: ops!.id, change: { verb: 'ack' as const } };
  const foreign = (await ButtonHarness.open()).tokens.sign(claim)!;
  const changed = token.slice(0, 24) + (token[24] === 'A' ? 'B' : 'A') + token.slice(25);
  for (const wrong of [foreign, changed, token.slice(0, -1), `${token}A`, '', 'x'.repeat(3000)]) {
    expect(await call('GET', wrong)).toMatchObject({ status: 404, page: expect.stringContaining('not valid') });
    expect((await press(wrong)).status).toBe(404);
    await harness.clock.advance(60_000);
  }
  expect((await press(token, {}, `token=${foreign}`)).status).toBe(404);
  expect((await press(token, {}, '')).status).toBe(404);
  expect((await call('DELETE', token)).headers.get('allow')).toBe('GET, HEAD, POST');
  expect(harness.actions.alerts()).toHaveLength(1);
});

test('the page of another site cannot send the form; the page itself can, below the path of a proxy and by any host', async () => {
  const { harness, call, press, address } = await open();
  const [ops] = await harness.event('down');
  const { Acknowledge: ack, 'Silence 1h': silence, Resolve: resolve } = harness.tokensOf(ops!);
  expect((await press(ack!, { origin: 'https://evil.example.com' })).status).toBe(403);
  expect((await press(ack!, { 'sec-fetch-site': 'cross-site', origin: 'null' })).status).toBe(403);
  expect((await press(ack!, { origin: 'null', 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  expect((await press(silence!, { origin: new URL(PUBLIC_URL).origin })).status).toBe(200);
  const below = { path: '/alerts/actions/', body: `token=${resolve}`, headers: { origin: `http://${address}` } };
  expect((await call('POST', resolve!, below)).status).toBe(200);
});

test('many wrong tokens are limited, and keep nobody with a right one from pressing it', async () => {
  const { harness, call, press } = await open();
  const [ops] = await harness.event('down');
  const token = harness.tokensOf(ops!).Acknowledge!;
  const statuses = new Set<number>();
  for (let round = 0; round < 30; round += 1) statuses.add((await call('GET', `wrong${round}`)).status);
  expect(statuses).toEqual(new Set([404, 429]));
  expect((await press(token)).status).toBe(200);
  for (let round = 0; round < 10; round += 1) statuses.add((await call('GET', token)).status);
  expect(statuses).toEqual(new Set([404, 429, 410]));
});

test('a browser that prefers Chinese gets the page in Chinese', async () => {
  const { harness, call } = await open();
  const [ops] = await harness.event('down');
  const token = harness.tokensOf(ops!)['Silence 1h']!;
  const chinese = await call('GET', token, { headers: { 'accept-language': 'fr, zh-CN;q=0.9, en;q=0.8' } });
  expect(chinese.page).toContain('将此告警静默 1h？');
  expect(chinese.page).toContain('lang="zh-CN"');
  const english = await call('GET', token, { headers: { 'accept-language': 'zh;q=0.5, en-GB' } });
  expect(english.page).toContain('Silence this alert for 1h?');
});

test('the stored message has no link, and a log line has no token', async () => {
  const { harness, press, logged } = await open();
  const [ops] = await harness.event('down');
  const { delivery } = (await harness.store.deliveries.find(ops!.id))!;
  expect(delivery.message.actions?.slice(0, 2)).toEqual([
    { label: 'Acknowledge', do: 'ack' },
    { label: 'Silence 1h', do: 'silence 1h' },
  ]);
  const token = harness.tokensOf(ops!).Acknowledge!;
  await press(token);
  expect([...harness.lines, ...logged].join('\n')).not.toContain(token.slice(0, 30));
});

test('a press that cannot be stored is a page that says so, and changes nothing', async () => {
  const { harness, press } = await open();
  const [ops] = await harness.event('down');
  const token = harness.tokensOf(ops!).Acknowledge!;
  await harness.store.close();
  const { status, headers, page } = await press(token);
  expect([status, headers.get('retry-after')]).toEqual([503, '60']);
  expect(page).toContain('Nothing can be changed now');
});
