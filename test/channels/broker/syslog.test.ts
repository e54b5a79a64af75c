import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { syslogMessage } from '../../../daemon/channels/broker/syslog/format.ts';
import { syslog } from '../../../daemon/channels/broker/syslog/syslog.ts';
import { openDialer } from '../../../daemon/channels/kit/net/dialer.ts';
import { compileEgress } from '../../../daemon/core/values/egress.ts';
import type { Delivery } from '../../../daemon/core/delivery/delivery.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { authority, key, valid } from '../../support/certificates.ts';
import { useChannel } from '../../support/broker-channel.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery, sampleMessage } from '../../support/delivery.ts';
import { reachOf } from '../../support/reach.ts';
import { freePort, programPath, startProgram } from '../../support/program-server.ts';
import { MESSAGE } from './syslog.contract.ts';

const channel = useChannel(syslog);

const written = (message: Partial<Message> = {}, delivery: Partial<Delivery> = {}, limit = 8192): string =>
  syslogMessage(sampleMessage(message), sampleDelivery(delivery), {
    facility: 'local0',
    appName: 'belfry',
    hostname: 'web-1',
    limit,
  }).toString();

test('a message has the form of RFC 5424, with a mark of UTF-8 if it is not ASCII', () => {
  const message = { title: 'Disk full', body: 'web-1', tags: ['disk', 'prod'], priority: 'urgent' } as const;
  const head =
    '<129>1 2026-11-23T09:00:00.000Z web-1 belfry - failed-deploy [belfry@32473 id="019aaf2e-1c00-7000-8000-0123456789ab" ' +
    'rule="failed-deploy" key="acme/api" status="firing" priority="urgent" tags="disk,prod"] ';
  expect(written({ ...message, body: '' })).toBe(`${head}Disk full`);
  expect(written({ ...message, body: 'web-1: 91 %\nsince 9:00' })).toBe(
    `${head}\uFEFFDisk full ⏎ web-1: 91 % ⏎ since 9:00`,
  );
});

test.each([
  ['min', 7],
  ['low', 6],
  ['normal', 5],
  ['high', 3],
  ['urgent', 1],
] as const)('the priority %s is the severity %i', (priority, severity) => {
  expect(written({ priority })).toMatch(new RegExp(`^<${16 * 8 + severity}>1 `));
});

test('values of an event cannot end the structured data or the message', () => {
  const hostile = 'a"b]c\\d\r\n<13>1 - - - - - forged';
  const text = written({ title: hostile, body: hostile }, { key: hostile, rule: 'Störung 1', status: 'resolved' });
  const { data, id, text: shown } = MESSAGE.exec(text)!.groups!;
  expect(data).toContain(String.raw`key="a\"b\]c\\d <13>1 - - - - - forged" status="resolved"`);
  expect(id).toBe('Strung1');
  expect(shown).toContain('⏎ <13>1 - - - - - forged');
  expect(text).not.toMatch(/\p{Cc}/u);
});

test('a long message is cut to the limit, between characters', () => {
  const text = written({ body: '磁盘已满\n'.repeat(1000) }, { key: '键'.repeat(500) }, 1232);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1232);
  expect(text).toMatch(MESSAGE);
  expect(text).not.toContain('\uFFFD');
  expect(text).toMatch(/… \(\+\d+ bytes\)$/);
});

/** Receiver over TCP, which keeps what arrives. */
async function tcpReceiver() {
  const sockets: Socket[] = [];
  let text = '';
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { sockets, text: () => text, url: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('over TCP each message has its length, or ends with a line feed', async () => {
  const receiver = await tcpReceiver();
  expect(await channel.open({ url: receiver.url }).send({ title: 'Zürich' })).toEqual({
    answer: 'written to the connection; syslog confirms nothing',
  });
  await expect.poll(() => receiver.text()).toMatch(/alice$/);
  const [, length, message] = /^(\d+) (.*)$/s.exec(receiver.text())!;
  expect(Buffer.byteLength(message!)).toBe(Number(length));
  await channel.open({ url: receiver.url, framing: 'lines' }).send();
  await expect.poll(() => receiver.text()).toMatch(/<13>1 [^\n]*\n$/);
});

test('a connection that the server has ended is opened again', async () => {
  const receiver = await tcpReceiver();
  const opened = channel.open({ url: receiver.url });
  await opened.send();
  await expect.poll(() => receiver.sockets).toHaveLength(1);
  const closed = once(receiver.sockets[0]!, 'close');
  receiver.sockets[0]!.end();
  await closed;
  await opened.send({ title: 'second' });
  await expect.poll(() => receiver.text()).toContain('second');
  expect(receiver.sockets).toHaveLength(2);
});

test('a closed channel leaves no connection open to a server that reads or ends nothing', async () => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const arrived = once(server, 'connection');
  const net = openDialer();
  const sockets: Socket[] = [];
  const connect: typeof net.connect = async (...target) => {
    const socket = await net.connect(...target);
    sockets.push(socket);
    return socket;
  };
  const opened = channel.open({ url: `tcp://127.0.0.1:${port}` }, { net: { ...net, connect } });
  await opened.send();
  const closed = once(sockets[0]!, 'close');
  await opened.close();
  await closed;
  ((await arrived) as [Socket])[0].destroy();
});

describe('over UDP', () => {
  async function udpReceiver(type: 'udp4' | 'udp6', address: string) {
    const socket = createSocket(type);
    onTestFinished(() => void socket.close());
    socket.bind(0, address);
    await once(socket, 'listening');
    const { port } = socket.address();
    return { port, next: async () => String(((await once(socket, 'message')) as [Buffer])[0]) };
  }

  test.each([
    ['udp4', '127.0.0.1', '127.0.0.1'],
    ['udp6', '::1', '[::1]'],
  ] as const)('a message is one datagram without a length (%s)', async (type, address, host) => {
    const receiver = await udpReceiver(type, address);
    const arriving = receiver.next();
    const receipt = await channel.open({ url: `udp://${host}:${receiver.port}`, facility: 'local7' }).send();
    expect(receipt).toEqual({ answer: 'sent as a datagram; nothing shows whether it arrived' });
    expect(await arriving).toMatch(/^<189>1 2026-11-23T09:00:00\.000Z belfry\.test belfry - failed-deploy /);
  });

  test('a long message fits into one packet of IPv6', async () => {
    const receiver = await udpReceiver('udp4', '127.0.0.1');
    const arriving = receiver.next();
    await channel.open({ url: `udp://127.0.0.1:${receiver.port}` }).send({ body: '磁盘'.repeat(10_000) });
    expect(Buffer.byteLength(await arriving)).toBeLessThanOrEqual(1232);
  });

  test('a closed port is noticed with a later message', async () => {
    const opened = channel.open({ url: `udp://127.0.0.1:${await freePort()}` });
    await opened.send();
    const later = () =>
      opened.send().then(
        () => 'sent',
        (error: { code: string }) => error.code,
      );
    await expect.poll(later).toBe('net.refused');
  });

  test('the doctor resolves the name of the server and connects to nothing', async () => {
    expect(await reachOf(syslog, { url: `udp://127.0.0.1:${await freePort()}` })).toEqual({});
    expect(await reachOf(syslog, { url: 'udp://logs.invalid' })).toEqual({ nameError: expect.any(String) as string });
  });

  test('an address that `daemon.egress` denies gets nothing', async () => {
    const egress = compileEgress({ denyPrivate: true, allow: [], deny: [] });
    const failure = await channel.open({ url: 'udp://127.0.0.1:9' }, { net: openDialer({ egress }) }).failure();
    expect(failure).toMatchObject({ class: 'permanent', code: 'net.egress_denied' });
  });
});

test.each([
  [{ url: 'udp://host', framing: 'lines' }, '/framing: `framing` has no meaning for datagrams'],
  [{ url: 'tcp://user:pass@host' }, '/url: `url` has a user, which has no meaning here'],
  [{ url: 'tcp://host', ca: 'x' }, '/ca: `ca` has no meaning for a connection without TLS'],
  [{ url: 'host:514' }, '/url: `url` does not begin with `udp://` or `tcp://` or `tls://`'],
])('the settings %j have one problem', (settings, problem) => {
  expect(readSettings(syslog, settings).problems).toEqual([problem]);
});

const RSYSLOG = programPath('rsyslogd');
const hasTls = [`/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu/rsyslog/lmnsd_gtls.so`].some(
  (file) => existsSync(file),
);

test.skipIf(RSYSLOG === undefined || !hasTls)(
  'rsyslog reads the messages over UDP, TCP and TLS (needs rsyslog, rsyslog-gnutls)',
  async () => {
    const [tcp, tls, udp] = [await freePort(), await freePort(), await freePort()];
    const server = await startProgram({
      program: RSYSLOG!,
      args: (folder) => ['-n', '-f', path.join(folder, 'rsyslog.conf'), '-i', path.join(folder, 'pid')],
      files: (folder) => ({
        'cert.pem': valid,
        'key.pem': key,
        'ca.pem': authority,
        'rsyslog.conf': `global(workDirectory="${folder}" defaultNetstreamDriverCAFile="${folder}/ca.pem"
  defaultNetstreamDriverCertFile="${folder}/cert.pem" defaultNetstreamDriverKeyFile="${folder}/key.pem")
module(load="imudp")
module(load="imtcp")
input(type="imudp" address="127.0.0.1" port="${udp}")
input(type="imtcp" address="127.0.0.1" port="${tls}" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" address="127.0.0.1" port="${tcp}")
template(name="all" type="string" string="%syslogfacility-text%|%syslogseverity-text%|%app-name%|%msgid%|%structured-data%|%msg%\\n")
action(type="omfile" file="${folder}/messages" template="all")
`,
      }),
      port: tcp,
      more: [tls],
    });
    onTestFinished(() => server.stop());
    const log = () => readFile(path.join(server.folder, 'messages'), 'utf8').catch(() => '');
    for (const [url, more] of [
      [`udp://127.0.0.1:${udp}`, {}],
      [`tcp://127.0.0.1:${tcp}`, {}],
      [`tcp://127.0.0.1:${tcp}`, { framing: 'lines' }],
      [`tls://127.0.0.1:${tls}`, { ca: authority }],
    ] as const) {
      const [scheme] = url.split(':');
      await channel.open({ url, facility: 'local3', ...more }).send({ title: `over ${scheme}`, priority: 'high' });
    }
    const line = (scheme: string): RegExp =>
      new RegExp(
        `^local3\\|err\\|belfry\\|failed-deploy\\|\\[belfry@32473 id="019a[^|]*\\]\\| ?\\uFEFF?over ${scheme} ⏎ Build 42`,
        'gm',
      );
    await expect.poll(async () => (await log()).match(/over /g)?.length, { timeout: 10_000 }).toBe(4);
    const text = await log();
    for (const scheme of ['udp', 'tcp', 'tls']) expect(text.match(line(scheme))).toHaveLength(scheme === 'tcp' ? 2 : 1);
  },
);
