import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openHttpClient } from '../../../../daemon/channels/kit/http/client.ts';
import { openDialer } from '../../../../daemon/channels/kit/net/dialer.ts';
import { proxyOf } from '../../../../daemon/channels/kit/net/proxy.ts';
import { SendFailure } from '../../../../daemon/core/problems/failure.ts';
import { compileEgress } from '../../../../daemon/core/values/egress.ts';
import { Closers } from '../../../../daemon/lib/async/closers.ts';
import { Secret } from '../../../../daemon/lib/secrets/secret.ts';
import { authority, key, valid } from '../../../support/certificates.ts';
import { openNameServer } from '../../../support/name-server.ts';
import { freePort, programPath, startProgram } from '../../../support/program-server.ts';
import { openProxyServer, openScriptedServer, type ProxyOptions } from '../../../support/proxy-server.ts';
import { openTestServer, type TestServer } from '../../../support/test-server.ts';

let closers: Closers;
let http: TestServer;
let https: TestServer;

beforeEach(async () => {
  closers = new Closers();
  http = await openTestServer();
  closers.own('http', () => http.close());
  https = await openTestServer({ tls: { key, cert: valid } });
  closers.own('https', () => https.close());
});

afterEach(() => closers.close());

async function proxyServer(options: ProxyOptions = {}) {
  const proxy = await openProxyServer(options);
  closers.own('proxy', () => proxy.close());
  return proxy;
}

/** Sends a request through a proxy, and returns its status or its failure. */
async function via(proxy: string, url: string, options: Parameters<typeof openDialer>[0] = {}) {
  const net = openDialer(options);
  const setting = new Secret(proxy);
  const client = openHttpClient({
    net,
    ca: new Secret(authority),
    connectTimeout: 300,
    proxyOf: (target) => proxyOf(setting, target, {}),
  });
  try {
    return (await client.request({ url, body: '{}', ending: new AbortController().signal })).status;
  } catch (error) {
    if (error instanceof SendFailure) return error;
    throw error;
  } finally {
    await client.close();
    net.close();
  }
}

describe('an HTTP proxy', () => {
  test('forwards requests to http servers, and connects to https servers', async () => {
    const proxy = await proxyServer();
    expect(await via(`http://127.0.0.1:${proxy.port}`, `${http.origin}/a?b=c`)).toBe(200);
    expect(await via(`http://127.0.0.1:${proxy.port}`, `${https.origin}/a`)).toBe(200);
    expect(proxy.requests).toEqual([`POST ${http.origin}/a?b=c`, `CONNECT 127.0.0.1:${https.port}`]);
    expect(http.requests[0]).toMatchObject({ path: '/a?b=c', text: '{}', headers: { host: `127.0.0.1:${http.port}` } });
    expect(https.requests[0]).toMatchObject({ path: '/a', text: '{}' });
  });

  test('may itself have a certificate, also of the authorities in `ca`', async () => {
    const proxy = await proxyServer({ tls: { key, cert: valid } });
    expect(await via(`https://127.0.0.1:${proxy.port}`, http.origin)).toBe(200);
    expect(await via(`https://127.0.0.1:${proxy.port}`, https.origin)).toBe(200);
    expect(proxy.requests).toHaveLength(2);
  });

  test('gets the login of its URL, decoded, and the server does not', async () => {
    const proxy = await proxyServer({ login: 'bel:fry@home' });
    for (const { origin, requests } of [http, https]) {
      expect(await via(`http://bel:fry%40home@127.0.0.1:${proxy.port}`, origin)).toBe(200);
      expect(Object.keys(requests[0]!.headers)).not.toContain('proxy-authorization');
    }
  });

  test('that wants a login, or refuses it, makes the channel misconfigured', async () => {
    const proxy = await proxyServer({ login: 'belfry:right' });
    for (const origin of [http.origin, https.origin]) {
      for (const login of ['', 'belfry:wrong@'])
        expect(await via(`http://${login}127.0.0.1:${proxy.port}`, origin)).toMatchObject({
          class: 'permanent',
          code: 'proxy.407',
          detail: { misconfigured: true, status: 407 },
        });
    }
    expect([...http.requests, ...https.requests]).toEqual([]);
  });

  test.each([
    [403, { class: 'permanent', code: 'proxy.403', detail: { misconfigured: true, body: 'refused by the proxy' } }],
    [503, { class: 'transient', code: 'proxy.503', detail: { retryAfter: 7000 } }],
  ])('that answers CONNECT with %i is named in the failure', async (refuses, failure) => {
    const { port } = await proxyServer({ refuses });
    expect(await via(`http://127.0.0.1:${port}`, https.origin)).toMatchObject(failure);
  });

  test.each(['http', 'https', 'socks5'])(
    'of the scheme %s that is down is transient, with a code of its own',
    async (scheme) => {
      const port = await freePort();
      for (const origin of [http.origin, https.origin])
        expect(await via(`${scheme}://127.0.0.1:${port}`, origin)).toMatchObject({
          class: 'transient',
          code: 'proxy.refused',
          detail: { refusedAt: [{ address: '127.0.0.1', port }] },
        });
    },
  );

  test('whose certificate is not trusted is misconfigured', async () => {
    const port = https.port;
    expect(await via(`https://localhost:${port}`, http.origin)).toMatchObject({
      class: 'permanent',
      code: 'proxy.wrong_name',
      detail: { misconfigured: true },
    });
  });

  test.each([
    ['speaks another protocol', ['SSH-2.0-OpenSSH_9.2\r\n\r\n'], { class: 'permanent', code: 'proxy.garbled' }],
    ['closes the connection', [''], { class: 'transient', code: 'proxy.reset' }],
    ['sends a head without end', ['HTTP/1.1 200 OK\r\n' + 'x: y\r\n'.repeat(4000), 'x'], { code: 'proxy.garbled' }],
    ['does not answer', ['HTTP/1.1 2', ''], { class: 'transient', code: 'proxy.no_answer' }],
  ])('that %s is no connection', async (_what, answers, failure) => {
    const server = await openScriptedServer(...answers);
    closers.own('scripted', () => server.close());
    expect(await via(`http://127.0.0.1:${server.port}`, https.origin)).toMatchObject(failure);
  });

  test('is dialled where `daemon.egress` allows it, and asked only for servers that are not denied', async () => {
    const proxy = await proxyServer();
    const url = `http://127.0.0.1:${proxy.port}`;
    const denied = { class: 'permanent', code: 'net.egress_denied' };
    const egressOf = (deny: string[]) => ({ egress: compileEgress({ denyPrivate: false, allow: [], deny }) });
    expect(await via(url, http.origin, egressOf(['127.0.0.1']))).toMatchObject(denied);
    expect(await via(url, 'https://127.0.0.2/', egressOf(['127.0.0.2']))).toMatchObject(denied);
    expect(await via(url, 'http://evil.example.test/', egressOf(['evil.example.test']))).toMatchObject(denied);
    expect(proxy.requests).toEqual([]);
    expect(await via(url, http.origin, egressOf(['127.0.0.2']))).toBe(200);
  });
});

test('a connection of another protocol goes through the proxy, also to a server without TLS', async () => {
  const proxy = await proxyServer();
  const setting = new Secret(`http://127.0.0.1:${proxy.port}`);
  const client = openHttpClient({ ca: new Secret(authority), proxyOf: (target) => proxyOf(setting, target, {}) });
  closers.own('client', () => client.close());
  for (const { port } of [http, https]) {
    const socket = await client.connect({ tls: port === https.port, host: '127.0.0.1', port });
    closers.own('socket', () => void socket.destroy());
  }
  expect(proxy.requests).toEqual([http, https].map(({ port }) => `CONNECT 127.0.0.1:${port}`));
});

describe('a SOCKS proxy', () => {
  test.each([
    ['speaks another protocol', ['HTTP/1.1 400 Bad Request\r\n\r\n'], { class: 'permanent', code: 'proxy.garbled' }],
    ['wants a login', [[5, 255]], { class: 'permanent', code: 'proxy.login', detail: { misconfigured: true } }],
    [
      'does not allow the server',
      [
        [5, 0],
        [5, 2, 0, 1, 0, 0, 0, 0, 0, 0],
      ],
      { class: 'permanent', code: 'proxy.socks_2' },
    ],
    [
      'cannot reach the server',
      [
        [5, 0],
        [5, 4, 0, 1, 0, 0, 0, 0, 0, 0],
      ],
      { class: 'transient', code: 'proxy.socks_4' },
    ],
  ])('that %s is named in the failure', async (_what, answers, failure) => {
    const server = await openScriptedServer(...answers);
    closers.own('scripted', () => server.close());
    expect(await via(`socks5://127.0.0.1:${server.port}`, http.origin)).toMatchObject(failure);
  });

  test('of the scheme socks5 gets addresses, which `daemon.egress` has checked', async () => {
    const names = await openNameServer({ 'hooks.example.test': '127.0.0.1', 'evil.example.test': '127.0.0.2' });
    closers.own('name server', () => names.close());
    const server = await openScriptedServer([5, 0], [5, 0, 0, 1, 0, 0, 0, 0, 0, 0], 'HTTP/1.1 204 OK\r\n\r\n');
    closers.own('scripted', () => server.close());
    const options = {
      egress: compileEgress({ denyPrivate: false, allow: [], deny: ['127.0.0.2'] }),
      resolver: { servers: [names.address], hostsFile: '/dev/null', resolvConf: '/dev/null' },
    };
    const proxy = `socks5://127.0.0.1:${server.port}`;
    expect(await via(proxy, 'http://hooks.example.test/', options)).toBe(204);
    expect(await via(proxy, 'http://evil.example.test/', options)).toMatchObject({ code: 'net.egress_denied' });
  });
});

describe('`env`', () => {
  const env = {
    HTTP_PROXY: 'http://upper:3128',
    http_proxy: 'http://lower:3128',
    HTTPS_PROXY: 'secure:8080',
    NO_PROXY: 'localhost, .internal,*.lan,10.0.0.0/8 [::1]:8080 example.com:8443,192.0.2.7',
  };
  const proxyFor = (url: string, given: Record<string, string> = env): string | undefined => {
    const { protocol, hostname, port } = new URL(url);
    const tls = protocol === 'https:';
    const target = { tls, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (tls ? 443 : 80) };
    const proxy = proxyOf('env', target, given);
    return proxy && `${proxy.scheme}://${proxy.host}:${proxy.port}`;
  };

  test('takes the variable of the scheme, in lower case first, and an address without a scheme as http', () => {
    expect(proxyFor('http://a.example/')).toBe('http://lower:3128');
    expect(proxyFor('https://a.example/')).toBe('http://secure:8080');
    expect(proxyFor('https://a.example/', { HTTP_PROXY: 'http://upper:3128' })).toBeUndefined();
    expect(proxyFor('http://a.example/', { HTTP_PROXY: '', http_proxy: ' ' })).toBeUndefined();
    expect(proxyFor('https://a.example/', { https_proxy: 'socks5h://p' })).toBe('socks5h://p:1080');
  });

  test.each([
    ['http://localhost:1/', true],
    ['http://notlocalhost/', false],
    ['http://db.internal/', true],
    ['http://INTERNAL./', true],
    ['http://xinternal/', false],
    ['http://a.b.lan/', true],
    ['http://10.1.2.3/', true],
    ['http://11.1.2.3/', false],
    ['http://192.0.2.7/', true],
    ['http://[::1]:8080/', true],
    ['http://[::1]:8081/', false],
    ['https://www.example.com:8443/', true],
    ['https://www.example.com/', false],
  ])('leaves out what NO_PROXY names: %s %s', (url, isDirect) => {
    expect(proxyFor(url) === undefined).toBe(isDirect);
  });

  test('leaves out everything with `*`', () => {
    expect(proxyFor('http://a.example/', { HTTP_PROXY: 'http://p', no_proxy: '*' })).toBeUndefined();
  });

  test('with a variable that is no address is misconfigured, and the failure names the variable only', () => {
    const wrong = { https_proxy: 'http://user:p@ss@word@proxy' };
    expect(() => proxyFor('https://a.example/', wrong)).toThrow(
      expect.objectContaining({
        class: 'permanent',
        code: 'proxy.bad_url',
        message: "the variable https_proxy of the daemon's environment is not the address of a proxy",
      }) as Error,
    );
  });
});

const tinyproxy = programPath('tinyproxy');
test.skipIf(tinyproxy === undefined)(
  'tinyproxy carries requests, with and without a login (needs tinyproxy)',
  async () => {
    for (const login of ['', 'BasicAuth belfry s3cret\n']) {
      const port = await freePort();
      const running = await startProgram({
        program: tinyproxy!,
        args: () => ['-d', '-c', 'proxy.conf'],
        files: {
          'proxy.conf': `Port ${port}
Listen 127.0.0.1
MaxClients 20
${login}`,
        },
        port,
      });
      closers.own('tinyproxy', () => running.stop());
      const user = login === '' ? '' : 'belfry:s3cret@';
      for (const { origin } of [http, https]) expect(await via(`http://${user}127.0.0.1:${port}`, origin)).toBe(200);
      if (login === '') continue;
      expect(await via(`http://127.0.0.1:${port}`, http.origin)).toMatchObject({ code: 'proxy.407' });
      // It answers a wrong login as if it were the server.
      expect(await via(`http://belfry:wrong@127.0.0.1:${port}`, http.origin)).toBe(401);
      expect(await via(`http://belfry:wrong@127.0.0.1:${port}`, https.origin)).toMatchObject({
        class: 'permanent',
        code: 'proxy.401',
        detail: { misconfigured: true },
      });
    }
  },
);

const microsocks = programPath('microsocks');
test.skipIf(microsocks === undefined)(
  'microsocks carries requests, with and without a login (needs microsocks)',
  async () => {
    for (const login of [[], ['-u', 'belfry', '-P', 's3cret']]) {
      const port = await freePort();
      const running = await startProgram({
        program: microsocks!,
        args: () => ['-i', '127.0.0.1', '-p', `${port}`, ...login],
        port,
      });
      closers.own('microsocks', () => running.stop());
      const user = login.length === 0 ? '' : 'belfry:s3cret@';
      for (const { origin } of [http, https]) {
        expect(await via(`socks5://${user}127.0.0.1:${port}`, origin)).toBe(200);
        expect(await via(`socks5h://${user}127.0.0.1:${port}`, origin)).toBe(200);
      }
      if (login.length === 0) continue;
      expect(await via(`socks5://belfry:wrong@127.0.0.1:${port}`, http.origin)).toMatchObject({ code: 'proxy.login' });
      expect(await via(`socks5://127.0.0.1:${port}`, http.origin)).toMatchObject({ code: 'proxy.login' });
    }
  },
);
