import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openHttpClient } from '../../../../daemon/channels/kit/http/client.ts';
import { openDialer } from '../../../../daemon/channels/kit/net/dialer.ts';
import { SendFailure } from '../../../../daemon/core/problems/failure.ts';
import { compileEgress, type EgressSettings } from '../../../../daemon/core/values/egress.ts';
import { Closers } from '../../../../daemon/lib/async/closers.ts';
import { type NameRecords, openNameServer } from '../../../support/name-server.ts';
import { openTestServer, type TestServer } from '../../../support/test-server.ts';

let closers: Closers;
let server: TestServer;

beforeEach(async () => {
  closers = new Closers();
  server = await openTestServer();
  closers.own('server', () => server.close());
});

afterEach(() => closers.close());

/** Sends a request from a channel with these settings of `daemon.egress`, over a connection of its own. */
async function senderOf(settings: Partial<EgressSettings>, names: NameRecords = {}) {
  const nameServer = await openNameServer(names);
  closers.own('name server', () => nameServer.close());
  const egress = compileEgress({ denyPrivate: false, allow: [], deny: [], ...settings });
  const resolver = { servers: [nameServer.address], hostsFile: '/dev/null', resolvConf: '/dev/null' };
  const net = openDialer({ egress, resolver });
  closers.own('dialer', () => net.close());
  const send = async (url: string): Promise<number | SendFailure> => {
    const client = openHttpClient({ net });
    try {
      return (await client.request({ url, ending: new AbortController().signal })).status;
    } catch (error) {
      if (error instanceof SendFailure) return error;
      throw error;
    } finally {
      await client.close();
    }
  };
  return { net, send };
}

const DENIED = { class: 'permanent', code: 'net.egress_denied', detail: { misconfigured: true } };

describe('a connection that `daemon.egress` denies', () => {
  test.each([
    '127.0.0.1',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '0.0.0.0',
    '[::]',
    '[::1]',
    'localhost',
    'a.localhost',
  ])('is not opened to %s, and the failure names the setting', async (host) => {
    const { send } = await senderOf({ denyPrivate: true });
    const failure = await send(`http://${host}:${server.port}/`);
    expect(failure).toMatchObject({
      ...DENIED,
      message: expect.stringContaining('daemon.egress.deny_private') as string,
    });
    expect(server.connections).toBe(0);
  });

  test.each(['0x7f.1', '127.1', '2130706433', '017700000001', '0177.0.0.1', '127.0.0.1.'])(
    'is not opened to %s, a spelling that some programs read as an address',
    async (host) => {
      const { send } = await senderOf({ denyPrivate: true });
      expect(await send(`http://${host}:${server.port}/`)).toMatchObject({ class: 'permanent' });
      expect(server.connections).toBe(0);
    },
  );

  test('is denied by the address that is dialled: a name that changes between two connections does not pass', async () => {
    const names = { 'hooks.example.test': '127.0.0.1' };
    const { send } = await senderOf({ deny: ['127.0.0.2'] }, names);
    const url = `http://hooks.example.test:${server.port}/`;
    expect(await send(url)).toBe(200);
    names['hooks.example.test'] = '127.0.0.2';
    expect(await send(url)).toMatchObject(DENIED);
    expect(server.connections).toBe(1);
  });

  test('leaves the other addresses of a name', async () => {
    const { send } = await senderOf({ deny: ['127.0.0.2'] }, { 'hooks.example.test': ['127.0.0.2', '127.0.0.1'] });
    expect(await send(`http://hooks.example.test:${server.port}/`)).toBe(200);
  });

  test('is not opened by a redirect, which is not followed', async () => {
    server.answer({ status: 307, headers: { location: `http://127.0.0.2:${server.port}/` } });
    const { send } = await senderOf({ deny: ['127.0.0.2'] });
    expect(await send(server.origin)).toBe(307);
    expect(server.connections).toBe(1);
  });

  test('is denied to libraries that connect by themselves', async () => {
    const { net } = await senderOf({ denyPrivate: true }, { 'broker.example.test': '127.0.0.1' });
    const lookedUp = (host: string) =>
      new Promise((resolve) => net.lookup(host, {}, (error, address) => resolve(error ?? address)));
    expect(await lookedUp('broker.example.test')).toMatchObject(DENIED);
    expect(await lookedUp('127.0.0.1')).toMatchObject(DENIED);
    expect(await lookedUp('192.0.2.1')).toMatchObject(DENIED);
    expect(await lookedUp('9.9.9.9')).toBe('9.9.9.9');
    expect(net.refusalOf('127.0.0.1')).toMatchObject(DENIED);
    expect(net.refusalOf('broker.example.test')).toBeUndefined();
    await expect(net.connect({ host: 'broker.example.test', port: server.port })).rejects.toMatchObject(DENIED);
  });
});

test('a name that is allowed may have a private address', async () => {
  const { send } = await senderOf(
    { denyPrivate: true, allow: ['relay.example.test'] },
    { 'relay.example.test': '127.0.0.1', 'other.example.test': '127.0.0.1' },
  );
  expect(await send(`http://relay.example.test:${server.port}/`)).toBe(200);
  expect(await send(`http://other.example.test:${server.port}/`)).toMatchObject(DENIED);
});
