import { createHmac } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';

const KEY = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const RULES = `
sources:
  signed: { type: webhook, path: /hooks/signed, verify: { standard_webhooks: whsec_${KEY} } }
  deploys: { type: webhook, path: /hooks/deploys, verify: { github: secret } }
channels:
  journal: { type: log }
rules:
  - { name: failed, on: deploys, match: { data.workflow_run.conclusion: failure }, notify: [journal] }
  - { name: signed, on: signed, notify: [journal] }
`;

async function openHome(): Promise<Home> {
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(RULES);
  await home.start();
  return home;
}

test('a signed id stays bound to its body over a restart', async () => {
  const home = await openHome();
  const sent = async (body: string) => {
    const now = Math.floor(Date.now() / 1000);
    const signature = createHmac('sha256', Buffer.from(KEY, 'base64')).update(`msg_1.${now}.${body}`).digest('base64');
    const proof = { 'webhook-id': 'msg_1', 'webhook-timestamp': `${now}`, 'webhook-signature': `v1,${signature}` };
    const { status, body: answer } = await home.call('POST', '/hooks/signed', body, proof);
    return [
      status,
      (answer as { code?: string; duplicate?: boolean }).code ?? (answer as { duplicate: boolean }).duplicate,
    ];
  };
  expect(await sent('{"a":1}')).toEqual([202, false]);
  expect(await sent('{"a":2}')).toEqual([409, 'store.conflict']);
  await home.kill();
  await home.start();
  expect(await sent('{"a":2}')).toEqual([409, 'store.conflict']);
  expect(await sent('{ "a": 1 }')).toEqual([202, true]);
  const { body } = await home.call<{ events: unknown[] }>('GET', '/v1/events?source=signed');
  expect(body.events).toHaveLength(1);
});

test('a rule sees the fields of a form that GitHub sends', async () => {
  const home = await openHome();
  const payload = JSON.stringify({ workflow_run: { conclusion: 'failure', name: 'a+b & c' } });
  const form = String(new URLSearchParams({ payload }));
  const hash = createHmac('sha256', 'secret').update(form).digest('hex');
  const { status } = await home.call('POST', '/hooks/deploys', form, {
    'content-type': 'application/x-www-form-urlencoded',
    'x-github-delivery': 'd1',
    'x-hub-signature-256': `sha256=${hash}`,
  });
  expect(status).toBe(202);
  const { body } = await home.call<{ events: unknown[] }>('GET', '/v1/events?source=deploys');
  expect(body.events).toMatchObject([{ id: 'd1', outcomes: { failed: 'notified' } }]);
});

test('failing templates of a webhook are logged, and the request is accepted', async () => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(`
sources:
  s: { type: webhook, path: /hooks/s, event: { subject: "{{ body.name }}" }, respond: { body: "{{ body.text }}" } }
channels: { journal: { type: log } }
rules: [{ name: all, on: s, notify: [journal] }]
`);
  await home.start();
  const { status, body } = await home.call('POST', '/hooks/s', {});
  expect([status, body]).toEqual([202, { id: expect.any(String), duplicate: false }]);
  for (const field of ['event.subject', 'respond.body'])
    expect(await home.logged((line) => line.field === field)).toMatchObject({
      level: 'warn',
      msg: 'a template failed',
      error: expect.stringContaining('undefined variable'),
    });
});
