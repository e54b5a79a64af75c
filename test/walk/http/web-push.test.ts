import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';
import { authority, key, valid } from '../../support/certificates.ts';
import { CHROMIUM, FLAGS, hasBrowser, needsBrowser } from '../../support/browser.ts';
import { openFixture } from '../../support/daemon-fixture.ts';
import { TestBrowser } from '../../support/push-service.ts';
import { openTestServer } from '../../support/test-server.ts';

const TOKENS = '  tokens: [{ name: alice, token: alice-token-0123456789, scopes: ["stream:alice"] }]\n';
const RULES = `channels:
  phone: { type: webpush, to: alice, contact: "mailto:ops@example.com" }
rules:
  - { name: disk, on: api, notify: phone, message: { title: "{{ data.text }}" } }
`;

test('a subscribed browser gets the messages of its user, also after a restart', async () => {
  const { home } = await openFixture(onTestFinished);
  const service = await openTestServer({ tls: { key, cert: valid } });
  onTestFinished(() => service.close());
  service.answer({ status: 201 });
  home.env.NODE_EXTRA_CA_CERTS = home.path('ca.pem');
  await writeFile(home.path('ca.pem'), authority);
  await home.rules(RULES, 'rules.yaml', TOKENS + '  egress: { deny_private: true, allow: ["127.0.0.0/8"] }\n');
  await home.start();
  const browser = new TestBrowser();
  const endpoint = `${service.origin}/browser-1`;
  const { status } = await home.call('POST', '/v1/webpush', { endpoint, keys: browser.keys, user: 'alice' });
  expect(status).toBe(201);
  const before = (await home.call('GET', '/v1/webpush')).body;
  await home.stop();
  await home.start();
  expect((await home.call('GET', '/v1/webpush')).body).toEqual(before);
  await home.call('POST', '/v1/events', { type: 'disk', data: { text: 'full' } });
  await service.arrived(1);
  expect(JSON.parse(browser.decrypt(service.requests[0]!.bytes))).toMatchObject({ notification: { title: 'full' } });
  expect(home.output).not.toContain('browser-1');
});

test('a subscriber cannot make the daemon connect to the private network', async () => {
  const { home } = await openFixture(onTestFinished);
  const inside = await openTestServer({ tls: { key, cert: valid } });
  onTestFinished(() => inside.close());
  await home.rules(RULES, 'rules.yaml', TOKENS);
  await home.start();
  const endpoint = `${inside.origin}/admin`;
  await home.call('POST', '/v1/webpush', { endpoint, keys: new TestBrowser().keys, user: 'alice' });
  await home.call('POST', '/v1/events?wait=10s', { type: 'disk', data: { text: 'full' } });
  expect((await home.deadLetters())[0]).toMatchObject({ class: 'permanent', error: { code: 'net.egress_denied' } });
  expect(inside.connections).toBe(0);
  expect((await home.call<{ channels: object[] }>('GET', '/v1/status')).body.channels).toMatchObject([{ state: 'ok' }]);
});

test.skipIf(!hasBrowser)(`the page subscribes in a browser, and its worker shows messages${needsBrowser}`, async () => {
  const { home } = await openFixture(onTestFinished);
  await home.rules(RULES, 'rules.yaml', TOKENS);
  await home.start();
  const profile = await mkdtemp(path.join(tmpdir(), 'belfry-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    headless: true,
    args: [...FLAGS],
    locale: 'zh-CN',
    permissions: ['notifications'],
  });
  onTestFinished(() => context.close());
  const origin = `http://${home.address}`;
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  await page.goto(`${origin}/v1/webpush#token=alice-token-0123456789`);
  const slow = { timeout: 20_000 };
  await expect.poll(() => page.textContent('#state'), slow).toBe('粘贴您的令牌，即可在此浏览器接收通知。');
  expect(page.url()).toBe(`${origin}/v1/webpush`);
  expect(complaints).toEqual([]);
  // The vendor's push service cannot be reached here, so the message comes from the developer tools.
  const tools = await context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    tools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
      const [registration] = registrations;
      if (registration !== undefined) resolve(registration.registrationId);
    });
  });
  await tools.send('ServiceWorker.enable');
  const registrationId = await registered;
  const notification = { title: 'Disk full', body: 'web-1', navigate: 'https://example.com/', actions: [] };
  const data = JSON.stringify({ web_push: 8030, notification });
  const shown = () =>
    page.evaluate(`navigator.serviceWorker.getRegistration('webpush/')
      .then((registration) => registration.getNotifications())
      .then((all) => all.map(({ title, body, data }) => ({ title, body, navigate: data.navigate })))`);
  // A browser that has just started drops some messages, so the message is repeated until it is shown.
  const sent = async () => {
    await tools.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
    return await shown();
  };
  await expect.poll(sent, slow).toContainEqual({ title: 'Disk full', body: 'web-1', navigate: 'https://example.com/' });
});
