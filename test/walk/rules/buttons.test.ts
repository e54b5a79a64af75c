import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { AlertView } from '../../../daemon/http/daemon-api.ts';
import { hasBrowser, needsBrowser, openBrowser } from '../../support/browser.ts';
import { Home } from '../../support/daemon.ts';
import { TelegramServer } from '../../support/telegram-server.ts';

/** Gotify server. It refuses the message of the token `refused`, and repeats the message in its answer. */
async function openGotify() {
  const texts = new Map<string, string>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { message } = JSON.parse(Buffer.concat(chunks).toString()) as { message: string };
      const token = String(request.headers['x-gotify-key']);
      texts.set(token, message);
      const isRefused = token.startsWith('refused');
      const body = isRefused ? { error: 'Bad Request', errorCode: 400, errorDescription: message } : { id: 7, message };
      response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { texts, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Daemon that has sent the message of an alert. `linkOf` gives a link of it, with the address on which the daemon listens. */
async function openAlert() {
  const far = await openGotify();
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(
    `
channels:
  ops: { type: gotify, api: "${far.origin}", token: kept-token-1 }
  echo: { type: gotify, api: "${far.origin}", token: refused-token-1 }
rules:
  - name: disk-full
    match: { data.state: full }
    key: "{{ data.host }}"
    resolve: { match: { data.state: ok } }
    message: { title: "{{ data.host }} is full", actions: [ack, silence 1h, resolve] }
    notify: [ops, echo]
`,
    'rules.yaml',
    '  public_url: https://belfry.example.com/below\n',
  );
  await home.start();
  await home.call('POST', '/v1/events?wait=10s', { type: 'disk', data: { host: 'db1', state: 'full' } });
  const ready = await home.logged(({ msg }) => msg === 'ready');
  const linkOf = (label: string, token = 'kept-token-1'): string => {
    const [, path] = new RegExp(`${label}: https://belfry\\.example\\.com(/below/actions/[\\w-]{50})`).exec(
      far.texts.get(token) ?? '',
    )!;
    return `http://${String(ready.listen)}${path}`;
  };
  const alerts = async () => (await home.call<{ alerts: AlertView[] }>('GET', '/v1/alerts')).body.alerts;
  return { home, linkOf, alerts };
}

test.skipIf(!hasBrowser)(
  `a person acknowledges an alert in a browser, once, and the link stays used after kill -9${needsBrowser}`,
  { timeout: 120_000 },
  async () => {
    const { home, linkOf, alerts } = await openAlert();
    const link = linkOf('Acknowledge');
    const browser = await openBrowser();
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('console', (line) => errors.push(line.text()));
    await page.goto(link);
    expect(await page.title()).toBe('Acknowledge this alert?');
    expect(await alerts()).toMatchObject([{ state: 'firing' }]);
    await page.getByRole('button', { name: 'Acknowledge' }).dblclick();
    // The second click may come in before the page has changed; then the page says what the first one did.
    await page
      .getByText(/Acknowledged/)
      .first()
      .waitFor();
    expect(await alerts()).toMatchObject([{ state: 'acknowledged', acknowledged_by: 'link of ops' }]);
    expect(errors.filter((text) => /Content.Security|violat/i.test(text))).toEqual([]);
    await home.kill();
    await home.start();
    const again = await fetch(new URL(new URL(link).pathname, `http://${home.address}`));
    expect([again.status, await again.text()]).toEqual([410, expect.stringContaining('Acknowledged by link of ops')]);
  },
);

test('nobody who may only read gets a link: not in the history, the dead letters, the answers of channels or the log', async () => {
  const { home, linkOf, alerts } = await openAlert();
  const tokens = [linkOf('Resolve'), linkOf('Acknowledge', 'refused-token-1')].map((link) => link.split('/').at(-1)!);
  const seen = await Promise.all([
    home.call('GET', '/v1/deliveries?message=true'),
    home.call('GET', '/v1/dead'),
    home.call('POST', '/v1/explain', { event: { type: 'disk', data: { host: 'db2', state: 'full' } } }),
  ]);
  const shown = JSON.stringify(seen) + home.output;
  expect(shown).toContain('"do":"ack"');
  expect(shown).toContain('***');
  for (const token of tokens) expect(shown).not.toContain(token.slice(0, 30));
  expect(await alerts()).toMatchObject([{ state: 'firing' }]);
});

test('buttons of Telegram work end to end without a public address: an outgoing connection, over kill -9 and a clean stop', async () => {
  const token = '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';
  const bot = await TelegramServer.open(token);
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(`
channels:
  ops: { type: telegram, api: "${bot.api}", token: "${token}", to: [-100200], buttons: true }
rules:
  - name: disk-full
    match: { data.state: full }
    key: "{{ data.host }}"
    resolve: { match: { data.state: ok } }
    message: { title: "{{ data.host }} is full", actions: [ack, resolve] }
    notify: ops
`);
  await home.start();
  await home.call('POST', '/v1/events?wait=10s', { type: 'disk', data: { host: 'db1', state: 'full' } });
  const sent = bot.calls.find(({ method }) => method === 'sendMessage')!.body;
  const { inline_keyboard: rows } = sent.reply_markup as { inline_keyboard: { callback_data: string }[][] };
  const tokens = rows.map(([button]) => button!.callback_data);
  bot.press(tokens[0]!, { id: -100200, type: 'supergroup' });
  await expect.poll(() => bot.calls.some(({ method }) => method === 'editMessageText')).toBe(true);
  const alerts = async () => (await home.call<{ alerts: AlertView[] }>('GET', '/v1/alerts')).body.alerts;
  expect(await alerts()).toMatchObject([{ state: 'acknowledged', acknowledged_by: '@ann (channel ops)' }]);
  await home.kill();
  bot.press(tokens[1]!, { id: -100200, type: 'supergroup' });
  await home.start();
  await expect.poll(alerts).toEqual([]);
  for (const secret of [...tokens, token]) expect(home.output).not.toContain(secret);
  expect(await home.stop()).toBe(0);
});
