import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openHttpClient } from '../../../daemon/channels/kit/http/client.ts';
import { connectionOf } from '../../../daemon/channels/kit/http/connect/connection.ts';
import { networkFailure } from '../../../daemon/channels/kit/net/network-failures.ts';
import { webhook } from '../../../daemon/channels/webhook/webhook.ts';
import { SendFailure } from '../../../daemon/core/problems/failure.ts';
import { Closers } from '../../../daemon/lib/async/closers.ts';
import { authority, expired, key, valid } from '../../support/certificates.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { channelTools, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { openProxyServer } from '../../support/proxy-server.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { openTestServer, type TestServerOptions } from '../../support/test-server.ts';

let closers: Closers;
let folder: string;

beforeEach(async () => {
  closers = new Closers();
  folder = await temporaryFolder();
});

afterEach(() => closers.close());

async function serverOf(options: TestServerOptions = {}) {
  const server = await openTestServer(options);
  closers.own('server', () => server.close());
  return server;
}

async function fileOf(name: string, text: string): Promise<string> {
  await writeFile(path.join(folder, name), text);
  return path.join(folder, name);
}

/** A channel that is opened as the daemon opens it. */
function channelOf(
  written: object,
  network: Parameters<typeof connectionOf>[1] = {},
  env: Record<string, string> = {},
) {
  const settings = decodeSettings(webhook, written);
  const http = openHttpClient(connectionOf(settings, network, env));
  closers.own('client', () => http.close());
  const notifier = webhook.open(settings, channelTools({ http }));
  return async (): Promise<unknown> => {
    try {
      return await notifier.send(sampleMessage(), sampleIo());
    } catch (error) {
      if (error instanceof SendFailure) return error;
      throw error;
    }
  };
}

const MUTUAL = { tls: { key, cert: valid, ca: authority, requestCert: true } };

describe('a client certificate', () => {
  test('is shown to a server that wants one, and is read again for a new connection', async () => {
    const server = await serverOf(MUTUAL);
    server.answer({ status: 200, headers: { connection: 'close' } });
    const cert = await fileOf('client.pem', valid);
    const ca = await fileOf('ca.pem', authority);
    const client = { cert, key: await fileOf('client.key', key) };
    const send = channelOf({ url: server.origin, ca, client });
    expect(await send()).toMatchObject({ status: 200 });
    await writeFile(cert, expired);
    // The server has refused it, or has ended the connection: it depends on which comes first.
    expect(await send()).toBeInstanceOf(SendFailure);
    expect(server.requests).toHaveLength(1);
    // While the file is being replaced, its latest content is used.
    await writeFile(cert, valid);
    expect(await send()).toMatchObject({ status: 200 });
    await rm(cert);
    expect(await send()).toMatchObject({ status: 200 });
  });

  test('that a server misses or refuses makes the channel misconfigured, also after the request was sent', () => {
    for (const alert of ['TLSV13_ALERT_CERTIFICATE_REQUIRED', 'SSLV3_ALERT_BAD_CERTIFICATE', 'TLSV1_ALERT_UNKNOWN_CA'])
      expect(networkFailure({ code: `ERR_SSL_${alert}` }, true)).toMatchObject({
        class: 'permanent',
        code: 'tls.client_refused',
        detail: { misconfigured: true },
      });
  });

  test('may have an encrypted key, and may be written as PEM', async () => {
    const server = await serverOf(MUTUAL);
    const encrypted = createPrivateKey(key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'sesame',
    });
    const client = { cert: valid, key: encrypted, passphrase: 'sesame' };
    expect(await channelOf({ url: server.origin, ca: authority, client })()).toMatchObject({ status: 200 });
    const wrong = { url: server.origin, client: { ...client, passphrase: 'wrong' } };
    expect(readSettings(webhook, wrong).problems).toEqual([expect.stringMatching(/^\/client\/passphrase: /) as string]);
  });

  const foreignKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  test.each([
    ['a missing file', { cert: '/nowhere.pem', key }, '/client/cert: this file does not exist'],
    ['a missing key', { cert: valid, key: '/nowhere.key' }, '/client/key: this file does not exist'],
    ['a folder', { cert: valid, key: '/' }, '/client/key: this file cannot be read (EISDIR)'],
    [
      'a key for another certificate',
      { cert: valid, key: foreignKey },
      '/client/key: `key` is not the key of this certificate',
    ],
    [
      'a certificate in place of the key',
      { cert: valid, key: valid },
      '/client/key: `key` holds no private key in PEM',
    ],
    ['a key in place of the certificate', { cert: key, key }, '/client/cert: `cert` holds no certificate in PEM'],
    [
      'an expired certificate',
      { cert: expired, key },
      '/client/cert: the certificate expired on Jan  1 00:00:00 2021 GMT',
    ],
  ])('has a problem at load: %s', (_what, client, problem) => {
    const { problems } = readSettings(webhook, { url: 'https://example.com/', client });
    expect(problems).toEqual([expect.stringContaining(problem) as string]);
  });
});

describe('a Unix socket', () => {
  test('gets the request with its path', async () => {
    const socket = path.join(folder, 'app.sock');
    const server = await serverOf({ at: socket });
    const daemonProxy = { proxy: 'env' } as const;
    const env = { HTTP_PROXY: 'http://127.0.0.1:9' };
    expect(await channelOf({ url: `unix:${socket}:/hooks/a?b=c:d` }, daemonProxy, env)()).toMatchObject({
      status: 200,
    });
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/hooks/a?b=c:d',
      headers: { host: 'localhost' },
    });
    await channelOf({ url: `unix:${socket}` })();
    expect(server.requests[1]).toMatchObject({ path: '/' });
  });

  test('that does not exist is transient: the server may start again', async () => {
    const failure = await channelOf({ url: `unix:${folder}/none.sock:/x` })();
    expect(failure).toMatchObject({ class: 'transient', code: 'net.no_socket' });
  });

  test.each([
    ['unix:/run/\0.sock:/x', '/url: `url` has a control character in the path of its socket'],
    ['unix:run/app.sock:/x', '/url: `url` does not name a Unix socket by its absolute path'],
    ['unix:///run/app.sock', '/url: `url` does not name a Unix socket by its absolute path'],
    ['unix:/run/app.sock:x', '/url: `url` has a request path that does not begin with `/`'],
    ['unix:/run/app.sock:/a b', '/url: `url` has a character in its request path that HTTP does not allow'],
    [`unix:/${'x'.repeat(107)}:/`, '/url: `url` has a socket path of more than 107 bytes'],
    ['unix:/run/{{ key }}.sock:/', '/url: `url` holds a template, which is not supported here'],
    ['http+unix://%2Frun%2Fapp.sock/x', '/url: `url` is a form of other programs for a Unix socket'],
    ['http://unix:/run/app.sock:/x', '/url: `url` is a form of other programs for a Unix socket'],
  ])('has an address that is read strictly: %s', (url, problem) => {
    expect(readSettings(webhook, { url }).problems).toEqual([expect.stringContaining(problem) as string]);
  });

  test('takes no settings for networks', () => {
    const { problems } = readSettings(webhook, { url: 'unix:/run/app.sock:/x', ca: authority, proxy: 'http://p' });
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(['/proxy', '/ca']);
  });
});

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
test.skipIf(!hasIpv6)('an IPv6 address in brackets works, directly and through a proxy (needs ::1)', async () => {
  const server = await serverOf({ at: '::1' });
  const proxy = await openProxyServer();
  closers.own('proxy', () => proxy.close());
  expect(server.origin).toBe(`http://[::1]:${server.port}`);
  expect(await channelOf({ url: `${server.origin}/x` })()).toMatchObject({ status: 200 });
  const proxied = { url: `${server.origin}/y`, proxy: `http://127.0.0.1:${proxy.port}` };
  expect(await channelOf(proxied)()).toMatchObject({ status: 200 });
  expect(server.requests.map(({ path: asked, headers }) => [asked, headers.host])).toEqual(
    ['/x', '/y'].map((asked) => [asked, `[::1]:${server.port}`]),
  );
  expect(proxy.requests).toEqual([`POST ${server.origin}/y`]);
});

describe('`proxy` and `ca`', () => {
  test('the setting of the channel wins against that of the daemon, and `none` connects directly', async () => {
    const server = await serverOf();
    const [own, ofDaemon] = [await openProxyServer(), await openProxyServer()];
    closers.own('proxies', async () => void (await Promise.all([own.close(), ofDaemon.close()])));
    const env = { http_proxy: `http://127.0.0.1:${ofDaemon.port}` };
    const network = { proxy: 'env' } as const;
    for (const settings of [{}, { proxy: 'none' }, { proxy: `http://127.0.0.1:${own.port}` }])
      expect(await channelOf({ url: server.origin, ...settings }, network, env)()).toMatchObject({ status: 200 });
    expect([own.requests.length, ofDaemon.requests.length, server.requests.length]).toEqual([1, 1, 3]);
  });

  test.each([
    ['a misspelt word', { proxy: 'direct' }, '/proxy: `proxy` does not begin with `http://`'],
    ['another kind of proxy', { proxy: 'socks4://proxy:1080' }, '/proxy: `proxy` does not begin with `http://`'],
    ['a path', { proxy: 'http://proxy:3128/x' }, '/proxy: `proxy` has a path'],
    ['a second `@`', { proxy: 'http://u:p@ss@proxy:3128' }, '/proxy: `proxy` has a second `@`'],
    ['a missing file', { ca: '/nowhere.pem' }, '/ca: this file does not exist'],
    ['no certificate', { ca: key }, '/ca: `ca` holds no certificate in PEM'],
  ])('have a problem at load: %s', (_what, settings, problem) => {
    const { problems } = readSettings(webhook, { url: 'https://example.com/', ...settings });
    expect(problems).toEqual([expect.stringContaining(problem) as string]);
  });
});
