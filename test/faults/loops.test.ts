import { appendFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../support/daemon.ts';

const BELFRY = path.resolve(import.meta.dirname, '../../bin/belfry.js');

let home: Home;

beforeEach(async () => {
  home = await Home.make();
});

afterEach(() => home.close());

interface Seen {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly belfryhops?: number;
  readonly outcomes: Readonly<Record<string, string>>;
}

/** Events of one source in the order of their hops. */
async function eventsOf(daemon: Home, source: string): Promise<readonly Seen[]> {
  const { body } = await daemon.call<{ events: readonly Seen[] }>('GET', `/v1/events?limit=500&source=${source}`);
  const whole = body.events.map(async ({ id }) => {
    const { body: one } = await daemon.call<{ event: Seen; outcomes: Seen['outcomes'] }>('GET', `/v1/events/${id}`);
    return { ...one.event, outcomes: one.outcomes };
  });
  return (await Promise.all(whole)).toSorted((a, b) => (a.belfryhops ?? 0) - (b.belfryhops ?? 0));
}

const hopsOf = (events: readonly Seen[]): number[] => events.map(({ belfryhops = 0 }) => belfryhops);

const upTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, hops) => hops);

/** Resolves when the rule has refused an event of a loop with these hops. */
const stopped = (daemon: Home, rule: string, hops: number, from = 0) =>
  daemon.logged(
    (line) => line.msg === `${rule}: error` && String(line.reason).includes(`through ${hops} channels`),
    from,
  );

/** A channel that posts an event to a daemon over its Unix socket. */
const poster = (daemon: Home, type: string): string =>
  `{ type: webhook, url: "unix:${daemon.path('state', 'belfry.sock')}:/v1/events", body: { type: ${type} } }`;

/** Reports errors of rules to the daemon itself: the report of the loop must not begin the next one. */
const report = '  - { name: report, on: belfry, match: { type: belfry.rule.error }, notify: [report] }\n';

test('a rule whose webhook posts to its own daemon is stopped at the tenth turn, reported once, and nothing is lost', async () => {
  await home.rules(`
channels:
  again: ${poster(home, 'again')}
  report: ${poster(home, 'reported')}
rules:
  - { name: again, on: api, match: { type: [first, again, reported] }, notify: [again] }
${report}`);
  await home.start();
  const { code } = await home.belfry(['emit', 'first']);
  expect(code).toBe(0);
  await stopped(home, 'again', 11);
  // The report is posted to the daemon, too; what it causes is beyond the limit and causes no other report.
  await stopped(home, 'again', 12);
  const events = await eventsOf(home, 'api');
  expect(hopsOf(events)).toEqual([...upTo(11), 12]);
  expect(events.map(({ outcomes }) => outcomes.again)).toEqual([...upTo(10).map(() => 'notified'), 'error', 'error']);
  const own = await eventsOf(home, 'belfry');
  expect(own.filter(({ type }) => type === 'belfry.rule.error')).toHaveLength(1);
  const explained = await home.belfry(['explain', events.at(-2)!.id]);
  expect(explained.stdout).toContain('stopped by the loop guard');
  const metrics = await home.call<string>('GET', '/metrics');
  expect(metrics.body).toMatch(/^belfry_loop_stops_total 2$/m);
  const audit = await home.call('GET', '/v1/audit');
  expect(audit.body).toMatchObject({ violations: [] });
});

test('two daemons that post to each other are stopped together at the tenth turn', async () => {
  const other = await Home.make();
  try {
    const rules = (to: Home): string => `
sources:
  in: { type: webhook, path: /hooks/in }
channels:
  out: { type: webhook, url: "unix:${to.path('state', 'belfry.sock')}:/hooks/in" }
rules:
  - { name: pass-on, on: [in, api], notify: [out] }
`;
    await Promise.all([home.rules(rules(other)), other.rules(rules(home))]);
    await Promise.all([home.start(), other.start()]);
    await home.belfry(['emit', 'first']);
    await stopped(other, 'pass-on', 11);
    const all = [...(await eventsOf(home, 'in')), ...(await eventsOf(other, 'in'))];
    expect(hopsOf(all).toSorted((a, b) => a - b)).toEqual(upTo(11).slice(1));
  } finally {
    await other.close();
  }
});

test('a program that runs `belfry emit` carries the hops on, also over the inbox', async () => {
  const runtime = `RUNTIME_DIRECTORY=${home.path('run')}`;
  const words = ['env', runtime, process.execPath, BELFRY, 'emit', 'from-program', '--config', home.path('rules')];
  await home.rules(`
channels:
  program: { type: command, run: ${JSON.stringify(words)} }
rules:
  - { name: program, on: api, match: { type: first }, notify: [program] }
`);
  await home.start();
  const emitted = await home.belfry(['emit', 'first', '--wait', '30s'], { env: { BELFRY_HOPS: '4' } });
  expect(emitted).toMatchObject({ code: 0 });
  const events = await eventsOf(home, 'api');
  expect(events.map(({ type, belfryhops }) => [type, belfryhops])).toEqual([
    ['first', 4],
    ['from-program', 5],
  ]);
  await home.stop();
  const left = await home.belfry(['emit', 'from-inbox'], { env: { BELFRY_HOPS: '6' } });
  expect(left.code).toBe(0);
  await home.start();
  await home.logged(({ msg }) => msg === 'inbox: events accepted');
  expect((await eventsOf(home, 'api')).at(-1)).toMatchObject({ type: 'from-inbox', belfryhops: 6 });
});

test('a file channel inside its watched folder is stopped at the tenth turn; a change by others begins at 0 again', async () => {
  await mkdir(home.path('watched'));
  await home.rules(`
sources:
  folder: { type: files, paths: ["${home.path('watched')}/*"], settle: 20ms }
channels:
  record: { type: file, path: "${home.path('watched')}/record.jsonl" }
rules:
  - { name: record, on: [folder, api], notify: [record] }
`);
  await home.start();
  await home.belfry(['emit', 'first']);
  await stopped(home, 'record', 11);
  const events = await eventsOf(home, 'folder');
  expect(hopsOf(events)).toEqual(upTo(11).slice(1));
  const lines = (await readFile(home.path('watched', 'record.jsonl'), 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(11);
  const from = home.lines.length;
  await appendFile(home.path('watched', 'record.jsonl'), 'by another program\n');
  await stopped(home, 'record', 11, from);
  expect(hopsOf(await eventsOf(home, 'folder'))).toEqual([...upTo(11).slice(1), ...upTo(11)].toSorted((a, b) => a - b));
});

test('a file channel whose file a lines source reads is stopped at the tenth turn', async () => {
  await home.rules(`
sources:
  log: { type: lines, paths: ["${home.path('record.log')}"], from: start }
channels:
  record: { type: file, path: "${home.path('record.log')}", format: text }
rules:
  - { name: record, on: [log, api], notify: [record] }
`);
  await home.start();
  await home.belfry(['emit', 'first']);
  await stopped(home, 'record', 11);
  expect(hopsOf(await eventsOf(home, 'log'))).toEqual(upTo(11).slice(1));
});
