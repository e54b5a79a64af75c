import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nats } from '../../../daemon/channels/broker/nats/nats.ts';
import { authority, key, valid } from '../../support/certificates.ts';
import { useChannel } from '../../support/broker-channel.ts';
import { openBrokerDestination } from '../../support/broker-destination.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery } from '../../support/delivery.ts';
import { reachOf } from '../../support/reach.ts';
import { freePort, programPath, type ProgramServer, startProgram } from '../../support/program-server.ts';
import { type NatsFake, options, PASSWORD, type Publication, serverOf } from './nats.contract.ts';

const channel = useChannel(nats);

/** Key of a user, its public name, and its signature of `n-0nce`, made by @nats-io/nkeys. */
const SEED = 'SUABKC5O45NOVM5OFWV3ZW4COJOISBHAPAUQHTXS66AZBXYP3UJKYTWLK4';
const NKEY = 'UBBYXKYBLNQBRFEQ2D4GZGNRMSK4LX5QIZKXUSWZ4SUPIL5QSIBS76AL';
const SIGNATURE = 'fAmctJq2RqK_Y0lxIKmTdTguQo8iBHYIN8qWSWATx_jFaooSBDhJ-M100xmyMm_A9YPSc3UdBDgfq9UiYEo0DQ';

/** Server that keeps what its clients send. */
async function fake(given: NatsFake = {}) {
  const publications: Publication[] = [];
  const logins: Record<string, unknown>[] = [];
  const converse = serverOf({
    ...given,
    onConnect: (login) => logins.push(login),
    onPublication: (publication) => publications.push(publication),
  });
  const server = channel.own(await openBrokerDestination({ ...options, converse }));
  const open = (settings: object = {}) => channel.open({ ...(server.settings as object), ...settings });
  const core = (settings: object = {}) =>
    channel.open({ url: `nats://${server.address}`, subject: 'alerts', ...settings });
  return { server, publications, logins, open, core };
}

test('a message for a stream carries its id, and the receipt has its place in the stream', async () => {
  const { publications, logins, open } = await fake();
  expect(await open().send()).toEqual({ id: 'ALERTS:42' });
  expect(logins).toMatchObject([
    { user: 'belfry', pass: PASSWORD, verbose: false, headers: true, no_responders: true },
  ]);
  expect(publications[0]).toMatchObject({
    subject: 'alerts.disk',
    reply: expect.stringMatching(/^_INBOX\.[0-9a-f]{24}\.\d+$/) as string,
  });
  expect(publications[0]!.headers).toBe(
    'NATS/1.0\r\nNats-Msg-Id: 019aaf2e-1c00-7000-8000-0123456789ab\r\nContent-Type: application/json\r\nbelfry-hops: 1\r\nNats-Expected-Stream: ALERTS\r\n\r\n',
  );
});

test('without a stream a message is confirmed by the server, and needs a subscriber', async () => {
  const { server, core } = await fake();
  const opened = core();
  expect(await opened.send()).toEqual({ answer: 'published' });
  server.answerWith({ kind: 'refusal', refusal: { to: 'nobody' } });
  expect(await opened.failure()).toMatchObject({ class: 'transient', code: 'nats.no_subscriber' });
});

test('a denied subject fails its own messages only', async () => {
  const { server, core } = await fake();
  const opened = core({ subject: '{{ key }}' });
  const to = (key: string) => ({ delivery: sampleDelivery({ key }) });
  server.answerWith({
    kind: 'refusal',
    refusal: { to: 'PUB', error: 'Permissions Violation for Publish to "secret"' },
  });
  const results = await Promise.allSettled([opened.send({}, to('public')), opened.send({}, to('secret'))]);
  expect(results).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { code: 'nats.permission' } }]);
});

test('a server without headers gets the JSON alone', async () => {
  const { publications, core } = await fake({ info: { headers: false } });
  await core().send();
  expect(publications[0]!.headers).toBe('');
});

test('a message that is larger than the server announced is not sent', async () => {
  const { publications, open } = await fake({ info: { max_payload: 3000 } });
  expect(await open().failure({ body: 'x'.repeat(3000) })).toMatchObject({
    class: 'permanent',
    code: 'nats.too_large',
  });
  expect(publications).toEqual([]);
});

test('a value of an event cannot add a part or a wildcard to a subject, or a command', async () => {
  const { publications, core } = await fake();
  const opened = core({ subject: 'alerts.{{ key }}.{{ link }}' });
  await opened.send({}, { delivery: sampleDelivery({ key: 'a.b *.> \r\nPUB x 0' }) });
  expect(publications.map(({ subject }) => subject)).toEqual(['alerts.a_b_______PUB_x_0._']);
});

test.each([
  ['belfry:open@HOST', { user: 'belfry', pass: 'open' }],
  ['s3cr3t-token@HOST', { auth_token: 's3cr3t-token' }],
])('the login %s', async (login, expected) => {
  const { server, logins } = await fake();
  await channel.open({ url: `nats://${login.replace('HOST', server.address)}`, subject: 'a' }).send();
  expect(logins).toMatchObject([expected]);
});

test('a credentials file signs the nonce of the server with its key', async () => {
  const { logins, core } = await fake({ info: { nonce: 'n-0nce' } });
  const file = `-----BEGIN NATS USER JWT-----\neyJ0.eyJq.c2ln\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${SEED}\n------END USER NKEY SEED------\n`;
  await core({ credentials: file }).send();
  await core({ credentials: SEED }).send();
  expect(logins).toMatchObject([
    { jwt: 'eyJ0.eyJq.c2ln', sig: SIGNATURE },
    { nkey: NKEY, sig: SIGNATURE },
  ]);
});

test.each([
  [{ subject: 'a..b' }, '/subject: `subject` has a blank or an empty part'],
  [{ subject: 'a.*' }, '/subject: `subject` has `*` or `>`, which are for subscribers only'],
  [{ subject: 'a', credentials: 'SUAGMJH5' }, '/credentials: `credentials` holds no seed of a user'],
  [
    { subject: 'a', url: 'nats://u:p@host', credentials: SEED },
    '/credentials: `url` has a login, and `credentials` is another one',
  ],
  [{ subject: 'a', url: 'nats://host/x' }, '/url: `url` has a path, which has no meaning here'],
])('the settings %j have one problem', (settings, problem) => {
  expect(readSettings(nats, { url: 'nats://host', ...settings }).problems).toEqual([problem]);
});

const NATS = programPath('nats-server');

describe.skipIf(NATS === undefined)('a real server (needs nats-server)', () => {
  let server: ProgramServer;
  const url = (login = 'belfry:open-sesame') => `tls://${login}@127.0.0.1:${server.port}`;
  const settings = (more: object = {}) => ({ url: url(), ca: authority, subject: 'alerts.{{ key }}', ...more });

  beforeAll(async () => {
    const port = await freePort();
    server = await startProgram({
      program: NATS!,
      args: (folder) => ['-c', `${folder}/nats.conf`],
      files: (folder) => ({
        'cert.pem': valid,
        'key.pem': key,
        'nats.conf': `listen: 127.0.0.1:${port}
tls { cert_file: "${folder}/cert.pem", key_file: "${folder}/key.pem" }
jetstream { store_dir: "${folder}/js" }
authorization { users: [
  { user: belfry, password: open-sesame }
  { user: narrow, password: open-sesame, permissions: { publish: ["alerts.>"], subscribe: ["none"] } }
  { nkey: ${NKEY} }
] }`,
      }),
      port,
    });
  });
  afterAll(() => server?.stop());

  /** Answer of the server to a request. */
  async function ask(subject: string, payload: object): Promise<string> {
    const plain = connect(server.port, '127.0.0.1');
    await once(plain, 'data');
    const socket = connectTls({ socket: plain, ca: authority, host: '127.0.0.1' });
    const text = JSON.stringify(payload);
    socket.write('CONNECT {"user":"belfry","pass":"open-sesame"}\r\nSUB answers 1\r\n');
    socket.write(`PUB ${subject} answers ${text.length}\r\n${text}\r\n`);
    let answer = '';
    for await (const chunk of socket) {
      answer += String(chunk);
      if (/^MSG answers.*\r\n.*\r\n/m.test(answer)) break;
    }
    socket.destroy();
    return answer;
  }

  test('stores a message in a stream once, whatever number of attempts', async () => {
    const opened = channel.open(settings({ stream: 'ALERTS' }));
    expect(await opened.failure()).toMatchObject({ code: 'nats.no_stream', detail: { misconfigured: true } });
    await ask('$JS.API.STREAM.CREATE.ALERTS', { name: 'ALERTS', subjects: ['alerts.>'] });
    const first = await opened.send({ title: 'Zürich 🔥' });
    expect(first).toEqual({ id: 'ALERTS:1' });
    expect(await opened.send({}, { attempt: 2 })).toEqual({ id: 'ALERTS:1', answer: 'stored before' });
    expect(await ask('$JS.API.STREAM.MSG.GET.ALERTS', { seq: 1 })).toContain('"subject":"alerts.acme/api"');
    const wrong = channel.open(settings({ stream: 'OTHER' }));
    expect(await wrong.failure()).toMatchObject({ code: 'nats.10060', detail: { misconfigured: true } });
  });

  test('says when nobody is subscribed to a subject', async () => {
    expect(await channel.open(settings({ subject: 'free' })).failure()).toMatchObject({ code: 'nats.no_subscriber' });
  });

  test('refuses a wrong password, a denied subject, and a user who could not receive the confirmation of a stream', async () => {
    const wrong = await channel.open(settings({ url: url('belfry:wrong') })).failure();
    expect(wrong).toMatchObject({ class: 'permanent', code: 'nats.authorization', detail: { misconfigured: true } });
    const narrow = channel.open(settings({ url: url('narrow:open-sesame'), subject: 'other' }));
    expect(await narrow.failure()).toMatchObject({ code: 'nats.permission', detail: { misconfigured: true } });
    const stream = channel.open(settings({ url: url('narrow:open-sesame'), stream: 'ALERTS' }));
    expect(await stream.failure()).toMatchObject({
      code: 'nats.permission',
      message: expect.stringContaining('_INBOX') as string,
    });
    expect(await channel.open(settings({ url: url('narrow:open-sesame') })).send()).toEqual({ answer: 'published' });
  });

  test('knows a user by its key', async () => {
    const own = channel.open(settings({ url: `tls://127.0.0.1:${server.port}`, credentials: SEED, subject: 'free' }));
    expect(await own.failure()).toMatchObject({ code: 'nats.no_subscriber' });
  });

  test('is checked by its certificate, also by the doctor', async () => {
    expect(await reachOf(nats, settings())).toEqual({ expires: Date.parse('2099-01-01T00:00:00Z') });
    const untrusted = channel.open({ url: url(), subject: 'free' });
    expect(await untrusted.failure()).toMatchObject({ code: 'tls.untrusted', detail: { misconfigured: true } });
  });
});
