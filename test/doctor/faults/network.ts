import { createServer } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { authority, foreign, key, valid } from '../../support/certificates.ts';
import { openMailServer } from '../../support/mail-server.ts';
import { openNameServer } from '../../support/name-server.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import type { Faults } from './fault.ts';
import { mail } from './rules.ts';

const hook = (url: string): string => `channels: { ops: { type: webhook, url: "${url}" } }`;

export const networkFaults: Faults = {
  'network.names': {
    level: 'fail',
    says: /nowhere\.belfry\.example:443 \(ops\): the name servers do not know the host \(ENOTFOUND\)/,
    async make() {
      const names = await openNameServer({});
      onTestFinished(() => names.close());
      return { rules: hook('https://nowhere.belfry.example/x'), resolver: { servers: [names.address] } };
    },
  },
  'network.connect': {
    level: 'fail',
    says: /\(ops\): no connection \(ECONNREFUSED\)/,
    async make() {
      const { origin } = await server();
      await (await server()).close();
      return { rules: hook(origin.replace(/\d+$/, '9')) };
    },
  },
  'network.tls': {
    level: 'fail',
    says: /the certificate is for another host name/,
    make: () => smtps(foreign),
  },
  'network.certificates': {
    level: 'warn',
    says: /the certificate expires in 7 days/,
    async make() {
      const now = (): number => Date.parse('2098-12-24T12:00:00Z');
      return { ...(await smtps(valid)), machine: { clock: { ...systemClock, now } } };
    },
  },
  'network.proxy': {
    level: 'fail',
    says: /nowhere\.belfry\.example:443 \(ops\): the proxy gives no connection \(proxy\.refused\)/,
    make: () => ({
      rules: hook('https://nowhere.belfry.example/x'),
      daemon: 'proxy: env',
      env: { HTTPS_PROXY: 'http://127.0.0.1:9' },
    }),
  },
  'clock.synchronized': {
    level: 'fail',
    says: /the clock of this machine is \d+ s ahead of the servers/,
    async make() {
      const { origin } = await server(
        'HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2020 09:00:00 GMT\r\nContent-Length: 0\r\n\r\n',
      );
      return { rules: hook(`${origin}/x`), programs: { timedatectl: 'echo no' } };
    },
  },
  'listen.port': {
    level: 'fail',
    says: /cannot listen on 127\.0\.0\.1:\d+: another program uses it/,
    async make() {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void other.close());
      return { daemon: `listen: "127.0.0.1:${(other.address() as { port: number }).port}"` };
    },
  },
  'listen.public': {
    level: 'warn',
    says: /0\.0\.0\.0:0 is open to other machines, and speaks no TLS/,
    make: () => ({ daemon: 'listen: "0.0.0.0:0"' }),
  },
  'tokens.expire': {
    level: 'fail',
    says: /the token ci has expired/,
    make: () => ({
      daemon: `tokens: [{ name: ci, token_hash: "sha256:${'ab'.repeat(32)}", scopes: [emit], expires: 2020-01-01 }]`,
    }),
  },
  'tokens.short': {
    level: 'warn',
    says: /the token ci has fewer than 16 characters/,
    make: () => ({ daemon: 'tokens: [{ name: ci, token: ci-token, scopes: [emit] }]' }),
  },
  'public-url.answer': {
    level: 'fail',
    says: /answers 200, and it is not Belfry/,
    async make() {
      const { origin } = await server();
      return { daemon: `public_url: "${origin}"`, running: {} };
    },
  },
  'hooks.verified': {
    level: 'fail',
    says: /the source in does not verify who sends to \/hooks\/in, and other machines can send there/,
    make: () => ({
      daemon: 'public_url: https://belfry.example.com',
      rules: 'sources: { in: { type: webhook, path: /hooks/in } }',
    }),
  },
  'hooks.command': {
    level: 'warn',
    says: /the rule a runs the program of run for requests of everybody to in/,
    make: () => ({
      rules: `sources: { in: { type: webhook, path: /hooks/in } }
channels: { log: { type: log, delivery: { fallback: run } }, run: { type: command, run: [/bin/true] } }
rules: [{ name: a, on: in, notify: log }]`,
    }),
  },
  'email.tls': {
    level: 'fail',
    says: /the password and the mails are sent without encryption/,
    make: () => ({ rules: mail('smtp://user:sesame@mail.example.com', ', tls: none') }),
  },
  'email.sender': {
    level: 'warn',
    says: /belfry-doctor\.invalid, which does not exist/,
    make: () => ({ rules: mail('smtp://127.0.0.1') }),
  },
};

async function server(raw?: string): Promise<TestServer> {
  const opened = await openTestServer();
  if (raw !== undefined) opened.answer({ raw });
  onTestFinished(() => opened.close());
  return opened;
}

/** Mail server with a certificate of the test authority. */
async function smtps(cert: string) {
  const opened = await openMailServer({ tls: { key, cert }, implicit: true });
  onTestFinished(() => opened.close());
  const ca = JSON.stringify(authority);
  return { rules: mail(`smtps://127.0.0.1:${opened.port}`, `, ca: ${ca}`) };
}
