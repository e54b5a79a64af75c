import { expect, onTestFinished, test } from 'vitest';
import { type DaemonFixture, openFixture } from '../../support/daemon-fixture.ts';
import { type MailServer, openMailServer } from '../../support/mail-server.ts';
import { type BlackHole, openBlackHole } from '../support/black-hole.ts';
import { plantInProgram } from '../support/planted-bugs.ts';
import { Rounds } from '../support/report.ts';
import { HANGING, openTcpProxy, TCP_FAULTS, type TcpFault, type TcpProxy } from '../support/tcp-proxy.ts';
import { latencyOf, postEvery, shownLatency, TIMED } from './latency.ts';

const EVENTS = 150;
const EVERY_MS = 10;
/** Attempts at once of a channel, by default. */
const CONCURRENCY = 4;
/** Connections to one server that an HTTP channel keeps at most, in use or not. */
const MAX_CONNECTIONS = 32;
/** Longer than the test, so that an attempt that hangs does not end in it. */
const DELIVERY = 'delivery: { timeout: 10m, on_unknown: retry }';

/** A webhook and a mail server behind proxies with one fault. */
interface Sick {
  readonly fault: TcpFault;
  readonly name: string;
  readonly web: TcpProxy;
  readonly mail: TcpProxy;
}

/** Faults in which the server gets the message, so that it may get it again. */
const DELIVERING: ReadonlySet<TcpFault> = new Set(['latency', 'cut answer', 'dropped answer', 'half-open', 'drip']);

async function openSick(receiver: number, mail: number): Promise<readonly Sick[]> {
  const opened: Sick[] = [];
  for (const fault of TCP_FAULTS) {
    const proxies = [await openTcpProxy(receiver, fault), await openTcpProxy(mail, fault)] as const;
    onTestFinished(async () => void (await Promise.all(proxies.map((proxy) => proxy.close()))));
    opened.push({ fault, name: fault.replaceAll(' ', '-'), web: proxies[0], mail: proxies[1] });
  }
  return opened;
}

function rulesOf(sick: readonly Sick[], receiver: string, hole: BlackHole): string {
  const rule = (name: string, ...more: string[]): string =>
    `  - { name: ${name}, on: api, match: { type: ${name} }, ${TIMED}, notify: [healthy, ${more.join(', ')}] }\n`;
  const email = '{ type: email, host: 127.0.0.1, tls: none, from: belfry@example.test, to: ops@example.test,';
  return [
    `channels:\n  healthy: { type: webhook, url: "${receiver}/healthy" }\n`,
    `  black-hole: { type: webhook, url: "http://127.0.0.1:${hole.port}/", ${DELIVERY} }\n`,
    ...sick.flatMap(({ name, web, mail }) => [
      `  web-${name}: { type: webhook, url: "http://127.0.0.1:${web.port}/web-${name}", ${DELIVERY} }\n`,
      `  mail-${name}: ${email} port: ${mail.port}, ${DELIVERY} }\n`,
    ]),
    `rules:\n  - { name: baseline, on: api, match: { type: baseline }, ${TIMED}, notify: [healthy] }\n`,
    rule('black-hole', 'black-hole'),
    ...sick.map(({ name }) => rule(name, `web-${name}`, `mail-${name}`)),
  ].join('');
}

/** Posts events of a type and resolves when the healthy channel has notified of all of them. */
async function healthyUnder(fixture: DaemonFixture, type: string): Promise<readonly string[]> {
  const events = await postEvery(fixture, type, { count: EVENTS, everyMs: EVERY_MS });
  await fixture.receiver.until((got) => got.channel === 'healthy' && got.rule === type, EVENTS);
  return events;
}

const healthyGot = ({ receiver }: DaemonFixture, type: string) =>
  receiver.got.filter((got) => got.channel === 'healthy' && got.rule === type);

/** Message-IDs of the mails that arrived for a rule, with repetitions. */
const mailsOf = (mails: MailServer, name: string): readonly string[] =>
  mails.mails
    .filter(({ mail }) => mail.headers['x-belfry-rule'] === name)
    .map(({ mail }) => mail.headers['message-id']!);

test('an endpoint that hangs, drips, resets or answers nonsense delays no other, has bounded connections, and gets everything with the same ids when it is well again', async () => {
  const fixture = await openFixture(onTestFinished);
  const mails = await openMailServer();
  onTestFinished(() => mails.close());
  const hole = await openBlackHole();
  onTestFinished(async () => hole.close());
  const { home, receiver } = fixture;
  const rounds = new Rounds('a sick endpoint beside a healthy one', ['I10', 'I2']);
  const sick = await openSick(Number(new URL(receiver.origin).port), mails.port);
  await home.rules(rulesOf(sick, receiver.origin, hole));
  await home.start();

  await healthyUnder(fixture, 'baseline');
  const baseline = latencyOf(healthyGot(fixture, 'baseline'));
  const lines = [`healthy alone: ${shownLatency(baseline)}`];
  for (const { fault, name, web, mail } of sick) {
    await healthyUnder(fixture, name);
    const got = healthyGot(fixture, name);
    lines.push(
      `healthy beside ${fault}: ${shownLatency(latencyOf(got), baseline)}; connections at once: webhook ${web.most}, mail ${mail.most}`,
    );
    expect([fault, got.length, new Set(got.map(({ id }) => id)).size]).toEqual([fault, EVENTS, EVENTS]);
    expect([fault, web.most <= MAX_CONNECTIONS, mail.most <= MAX_CONNECTIONS]).toEqual([fault, true, true]);
    if (HANGING.has(fault)) expect([fault, web.open]).toEqual([fault, CONCURRENCY]);
    rounds.max('connections at once to a sick server', Math.max(web.most, mail.most));
    rounds.end([], fault);
  }
  await healthyUnder(fixture, 'black-hole');
  lines.push(`healthy beside dropped packets: ${shownLatency(latencyOf(healthyGot(fixture, 'black-hole')), baseline)}`);

  for (const { web, mail } of sick) [web.fault, mail.fault] = ['pass', 'pass'];
  await home.kill();
  for (const { web, mail } of sick) for (const proxy of [web, mail]) proxy.cut();
  await home.start();
  for (const { fault, name } of sick) {
    await receiver.until(({ channel }) => channel === `web-${name}`, EVENTS);
    const got = receiver.got.filter(({ channel }) => channel === `web-${name}`);
    const ids = new Set(got.map(({ id }) => id));
    lines.push(`webhook after ${fault}: ${ids.size} of ${EVENTS}, ${got.length - ids.size} repeated`);
    rounds.add('deliveries after recovery', ids.size);
    rounds.add('repeated with the same id', got.length - ids.size);
    expect([fault, ids.size]).toEqual([fault, EVENTS]);
    if (!DELIVERING.has(fault)) expect([fault, got.length]).toEqual([fault, EVENTS]);
  }
  for (const { fault, name } of sick) {
    await expect.poll(() => new Set(mailsOf(mails, name)).size, { timeout: 60_000 }).toBe(EVENTS);
    lines.push(`mail after ${fault}: ${EVENTS} of ${EVENTS}, ${mailsOf(mails, name).length - EVENTS} repeated`);
  }
  process.stderr.write(`${lines.join('\n')}\n`);
  await fixture.audited();
});

test('the healthy endpoint shows a daemon whose channels share their attempts', async () => {
  const fixture = await openFixture(onTestFinished);
  const { home, receiver } = fixture;
  const buggy = await plantInProgram('no bulkhead');
  onTestFinished(() => buggy.remove());
  home.program = buggy.program;
  const sick = await openTcpProxy(Number(new URL(receiver.origin).port), 'silence');
  onTestFinished(() => sick.close());
  const rounds = new Rounds('a sick endpoint, attempts are shared', ['I10'], { planted: true });
  await home.rules(
    `channels:\n  sick: { type: webhook, url: "http://127.0.0.1:${sick.port}/", ${DELIVERY} }\n` +
      `  healthy: { type: webhook, url: "${receiver.origin}/healthy" }\nrules:\n` +
      '  - { name: sick, on: api, match: { type: a }, notify: sick }\n  - { name: healthy, on: api, match: { type: b }, notify: healthy }\n',
  );
  await home.start();
  await postEvery(fixture, 'a', { count: 2 * CONCURRENCY, everyMs: EVERY_MS });
  await expect.poll(() => sick.open).toBe(CONCURRENCY);
  await postEvery(fixture, 'b', { count: CONCURRENCY, everyMs: EVERY_MS });
  const healthy = (): number => receiver.deliveries().length;
  // A delivery that does not arrive within the time of the poll is delayed by the other channel.
  await expect
    .poll(healthy, { timeout: 5000 })
    .toBe(CONCURRENCY)
    .catch(() => undefined);
  const delayed = CONCURRENCY - healthy();
  rounds.end(
    delayed > 0 ? [{ invariant: 'I10', text: `${delayed} deliveries wait for another channel` }] : [],
    'silence',
  );
  expect(rounds.violations).not.toEqual([]);
});
