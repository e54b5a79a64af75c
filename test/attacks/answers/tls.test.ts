import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect } from 'vitest';
import { authority, expired, foreign, key, valid } from '../../support/certificates.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { attacksOn } from '../support/attack.ts';
import { NO_WATCH } from '../support/reload.ts';

const PASSWORD = 'k7passwordQ9x4711';

/** Certificates of the servers, and the code of the failure. */
const CERTIFICATES = {
  expired: [expired, authority, 'tls.expired'],
  foreign: [foreign, authority, 'tls.wrong_name'],
  untrusted: [valid, '', 'tls.untrusted'],
} as const;

/** Bytes that a mail server sends at the beginning, and after each line of the client. */
const MAIL: Readonly<Record<string, readonly [banner: string, answer: (line: string) => string]>> = {
  stripped: ['220 x ESMTP\r\n', () => '250 x\r\n'],
  injected: [
    '220 x ESMTP\r\n',
    (line) =>
      line.startsWith('EHLO')
        ? '250-x\r\n250 STARTTLS\r\n'
        : '220 go\r\n250-x\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n',
  ],
  silent: ['', () => ''],
  endless: ['220-x\r\n'.repeat(200_000), () => ''],
  long: ['220 x ESMTP\r\n', () => '250-x\r\n'.repeat(200_000)],
  garbage: ['\u0000\u00ff\r\nHTTP/1.1 200 OK\r\n\r\n', () => '\u0000'],
};

const tls = new Map<string, TestServer>();
const mail = new Map<string, { readonly server: Server; said: string }>();
const sockets: Socket[] = [];
beforeAll(async () => {
  for (const [name, [cert]] of Object.entries(CERTIFICATES))
    tls.set(name, await openTestServer({ tls: { key, cert } }));
  tls.set(
    'old',
    await openTestServer({
      tls: { key, cert: valid, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
    }),
  );
  for (const [name, [banner, answer]] of Object.entries(MAIL)) {
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => socket.destroy());
      socket.write(banner, 'latin1');
      socket.on('data', (bytes) => {
        entry.said += bytes.toString('latin1');
        socket.write(answer(bytes.toString('latin1')), 'latin1');
      });
    });
    const entry = { server, said: '' };
    mail.set(name, entry);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
});
afterAll(async () => {
  for (const server of tls.values()) await server.close();
  for (const socket of sockets) socket.destroy();
  for (const { server } of mail.values()) server.close();
});

const ca = (pem: string): string => (pem === '' ? '' : `, ca: ${JSON.stringify(pem)}`);
const attack = attacksOn({
  daemon: NO_WATCH,
  rules: () =>
    `channels:\n${[...tls]
      .map(
        ([name, { origin }]) =>
          `  ${name}: { type: webhook, url: "${origin}/"${ca(name === 'untrusted' ? '' : authority)}, delivery: { timeout: 2s } }\n`,
      )
      .join('')}${[...mail]
      .map(
        ([name, { server }]) =>
          `  mail-${name}: { type: email, host: 127.0.0.1, port: ${(server.address() as AddressInfo).port}, user: ops, password: ${PASSWORD}, tls: required, from: a@b.test, to: [c@d.test], delivery: { timeout: 2s } }\n`,
      )
      .join('')}`,
});

interface End {
  readonly ok: boolean;
  readonly error?: { readonly class: string; readonly code: string };
}

attack('G8', async ({ home }) => {
  const codes: Readonly<Record<string, string>> = { old: 'tls.' };
  for (const [name, [, , code]] of Object.entries(CERTIFICATES)) Object.assign(codes, { [name]: code });
  for (const [name, code] of Object.entries(codes)) {
    const { body } = await home.call<End>('POST', `/v1/channels/${name}/test`, {});
    expect([name, body.ok, body.error]).toEqual([
      name,
      false,
      expect.objectContaining({ class: 'permanent', code: expect.stringContaining(code) }),
    ]);
    expect(tls.get(name)!.requests).toEqual([]);
  }
  const start = await home.belfry(['run'], { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } });
  expect([start.code, start.stderr]).toEqual([78, expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED')]);
});

attack('G11', async ({ home }) => {
  for (const [name, entry] of mail) {
    const { body } = await home.call<End>('POST', `/v1/channels/mail-${name}/test`, {});
    expect([name, body.ok]).toEqual([name, false]);
    const sent = Buffer.from(`\0ops\0${PASSWORD}`).toString('base64');
    expect([name, entry.said.includes('AUTH'), entry.said.includes(sent), entry.said.includes(PASSWORD)]).toEqual([
      name,
      false,
      false,
      false,
    ]);
  }
});
