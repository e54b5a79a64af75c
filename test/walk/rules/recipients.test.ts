import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { type MailServer, openMailServer } from '../../support/mail-server.ts';

let home: Home;
let server: MailServer;

beforeEach(async () => {
  home = await Home.make();
  server = await openMailServer();
});

afterEach(async () => {
  await home.close();
  await server.close();
});

interface Posted {
  readonly deliveries: readonly {
    readonly state: string;
    readonly attempts: readonly { readonly class?: string; readonly code?: string }[];
  }[];
}

test('an event can name one recipient: several are refused, for that delivery alone', async () => {
  await home.rules(`
channels:
  mail: { type: email, host: 127.0.0.1, port: ${server.port}, from: belfry@example.com, to: ops@example.com }
rules:
  - { name: all, on: api, message: { title: "{{ data.title }}" }, notify: { channel: mail, to: "{{ data.to }}" } }
`);
  await home.start();
  for (const to of [
    'ops@x.test\r\nevil@y.test',
    'ops@x.test\r\nBcc: evil@y.test',
    'evil@y.test,\r\nOps <ops@x.test>',
    'ops@x.test, evil@y.test',
    'Ops: ops@x.test, evil@y.test;',
  ]) {
    const { body } = await home.call<Posted>('POST', '/v1/events?wait=10s', { type: 'e', data: { title: 'T', to } });
    expect(body.deliveries).toMatchObject([
      { state: 'dead', attempts: [{ class: 'permanent', code: 'email.bad_recipient' }] },
    ]);
  }
  expect(server.commands).toEqual([]);
  const data = { title: 'Disk\r\nBcc: evil@y.test', to: '"Ops, Berlin" <ops@x.test>' };
  const { body } = await home.call<Posted>('POST', '/v1/events?wait=10s', { type: 'e', data });
  expect(body.deliveries).toMatchObject([{ state: 'delivered' }]);
  const [{ recipients, mail }] = server.mails as [MailServer['mails'][0]];
  expect(recipients).toEqual(['ops@x.test']);
  expect(mail.headers.subject).toBe('Disk Bcc: evil@y.test');
  expect(mail.headers.bcc).toBeUndefined();
});
