import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';

let home: Home;
let sink: TestServer;

beforeEach(async () => {
  home = await Home.make();
  sink = await openTestServer();
  sink.answer({ status: 422, body: { error: 'no' } });
});

afterEach(async () => {
  await home.close();
  await sink.close();
});

const rules = (more = ''): string => `
channels:
  sink: { type: webhook, url: "${sink.origin}/hook"${more} }
  other: { type: webhook, url: "${sink.origin}/other" }
rules:
  - { name: all, on: api, message: { title: "{{ data.n }}" }, notify: [sink] }
`;

async function dead(count: number, more = ''): Promise<void> {
  await home.rules(rules(more));
  await home.start();
  const events = Array.from({ length: count }, (_, n) => ({ type: 'a', data: { n } }));
  await home.call('POST', '/v1/events?wait=20s', events);
  expect(await home.deadLetters()).toHaveLength(count);
  sink.forget();
  sink.answer({ status: 200 });
}

const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const title = (request: { json: unknown }): string => (request.json as { title: string }).title;

test('dead letters are listed, shown and resent with the daemon stopped or running', async () => {
  await dead(3);
  const listed = jsonLines((await home.belfry(['dead', 'list', '--json'])).stdout);
  expect(listed).toHaveLength(3);
  expect(await home.stop()).toBe(0);
  expect(jsonLines((await home.belfry(['dead', 'list', '--json'])).stdout)).toEqual(listed);
  const id = String(listed[1]!.id);
  expect((await home.belfry(['dead', 'show', id])).stdout).toContain('"http.422"');
  expect((await home.belfry(['dead', 'show', 'nobody'])).code).toBe(3);
  const resent = await home.belfry(['dead', 'resend', id, '--yes', '--json']);
  expect(resent).toMatchObject({ code: 0 });
  expect(jsonLines(resent.stdout)).toMatchObject([
    { id, state: 'delivered' },
    { delivered: 1, failed: 0, left: 2 },
  ]);
  expect(sink.requests.map(title)).toEqual(['1']);
  expect(sink.requests[0]!.headers['idempotency-key']).toBe(id);
  expect(jsonLines((await home.belfry(['audit', '--json'])).stdout)).toMatchObject([{ violations: [] }]);
});

test('a message edited by hand is resent, and a line that does not parse is reported by number and kept', async () => {
  await dead(1);
  const file = home.path('state', 'dead-letters.jsonl');
  await writeFile(file, (await readFile(file, 'utf8')).replace('"title":"0"', '"title":"edited"'));
  await appendFile(file, 'not json\n');
  const listed = await home.belfry(['dead', 'list']);
  expect(listed.stderr).toContain('dead-letters.jsonl:2');
  expect((await home.belfry(['dead', 'resend', '--all', '--yes'])).code).toBe(0);
  expect(sink.requests.map(title)).toEqual(['edited']);
  expect(await readFile(file, 'utf8')).toBe('not json\n');
});

test('a record that a formatter split into lines is one problem, in the list and in the plan of a resend', async () => {
  await dead(2);
  const file = home.path('state', 'dead-letters.jsonl');
  const [first, second] = await home.deadLetters();
  const spread = `${JSON.stringify(first, undefined, 2)}\n`;
  await writeFile(file, `${spread}${JSON.stringify(second)}\nnot JSON\n`);
  const lines = spread.split('\n').length - 1;
  const problems = [
    `dead-letters.jsonl:1-${lines}: none of these lines is a record, which is one line of JSON`,
    `dead-letters.jsonl:${lines + 2}: it is not JSON; the line stays unchanged`,
  ].map((text): unknown => expect.stringContaining(text));
  const { stderr } = await home.belfry(['dead', 'list']);
  expect(stderr.trimEnd().split('\n')).toEqual(problems);
  const { stdout } = await home.belfry(['dead', 'resend', '--all', '--dry-run']);
  expect(stdout.split('\n').filter((line) => line.includes('.jsonl:'))).toEqual(problems);
});

test('the plan is shown first and nothing is sent without consent; a dry run sends nothing', async () => {
  await dead(2);
  const asked = await home.belfry(['dead', 'resend', '--all']);
  expect(asked.code).toBe(2);
  expect(asked.stdout).toContain('resend: 2 dead letters');
  expect(await home.belfry(['dead', 'resend', '--all', '--dry-run'])).toMatchObject({ code: 0 });
  expect((await home.belfry(['dead', 'resend'])).code).toBe(2);
  expect((await home.belfry(['dead', 'resend', '--channel', 'nobody', '--yes'])).code).toBe(3);
  expect(sink.requests).toEqual([]);
});

test('drop leaves a record that a job is sending, says so, drops the others, and ends with 1', async () => {
  await dead(2);
  const [sent, other] = (await home.deadLetters()).map(({ id }) => String(id));
  sink.answer({ hang: true });
  const resend = home.call('POST', '/v1/dead/resend', { ids: [sent] }).catch(() => undefined);
  await sink.arrived(1);
  const dropped = await home.belfry(['dead', 'drop', sent!, other!, '--yes']);
  expect([dropped.code, dropped.stdout]).toEqual([1, `${sent}  a job is sending it\n${other}  dropped\n`]);
  expect((await home.deadLetters()).map(({ id }) => id)).toEqual([sent]);
  await home.close();
  await resend;
});

test('--to sends to another channel, ids are read from standard input, failed ones keep the new attempt, drop removes', async () => {
  await dead(3);
  const [first, second, third] = (await home.deadLetters()).map(({ id }) => String(id));
  expect((await home.belfry(['dead', 'resend', '-', '--to', 'other', '--yes'], { input: `${first}\n` })).code).toBe(0);
  expect(sink.requests.map(({ path }) => path)).toEqual(['/other']);
  sink.answer({ status: 422 });
  expect((await home.belfry(['dead', 'resend', second!, '--yes'])).code).toBe(1);
  const left = await home.deadLetters();
  expect(left).toMatchObject([
    { id: second, attempts: [{}, {}] },
    { id: third, attempts: [{}] },
  ]);
  expect((await home.belfry(['dead', 'drop', third!, '--yes'])).code).toBe(0);
  expect((await home.deadLetters()).map(({ id }) => id)).toEqual([second]);
});

test("--requeue decides again by today's rules", async () => {
  await dead(1);
  const seen = home.lines.length;
  await home.rules(rules().replace('notify: [sink]', 'notify: [other]'));
  await home.logged((line) => line.msg === 'reload: applied', seen);
  expect((await home.belfry(['dead', 'resend', '--all', '--requeue', '--yes'])).code).toBe(0);
  await sink.arrived(1);
  expect(sink.requests.map(({ path }) => path)).toEqual(['/other']);
  expect(await home.deadLetters()).toEqual([]);
});

test('a killed resend loses nothing and repeats no answered delivery', async () => {
  await dead(60, ', delivery: { concurrency: 1 }');
  await home.stop();
  const resending = home.spawn(['dead', 'resend', '--all', '--yes', '--config', home.path('rules')]);
  await sink.arrived(10);
  resending.kill('SIGKILL');
  await new Promise((resolve) => resending.once('exit', resolve));
  const before = sink.requests.length;
  const again = await home.belfry(['dead', 'resend', '--all', '--yes', '--json']);
  expect(again.code).toBe(0);
  expect(await home.deadLetters()).toEqual([]);
  const times = new Map<string, number>();
  for (const request of sink.requests) times.set(title(request), (times.get(title(request)) ?? 0) + 1);
  expect(times.size).toBe(60);
  // One may have been in flight at the kill: its answer was never recorded.
  expect([...times.values()].filter((count) => count > 1).length).toBeLessThanOrEqual(1);
  expect(before).toBeGreaterThanOrEqual(10);
});

test('an edit by the API is in the file and is sent; one that is based on an older record is refused with the record of now', async () => {
  await dead(1);
  const [{ id }] = (await home.deadLetters()) as [{ id: string }];
  const url = `/v1/dead/${id}`;
  const { headers } = await home.call('GET', url);
  const ifMatch = { 'if-match': String(headers.etag) };
  const first = await home.call('PATCH', url, { message: { title: 'by ann' } }, ifMatch);
  expect(first).toMatchObject({ status: 200, body: { message: { title: 'by ann' } } });
  expect(await home.call('PATCH', url, { message: { title: 'by bob' } }, ifMatch)).toMatchObject({
    status: 412,
    body: { code: 'dead.changed', etag: first.headers.etag, current: { message: { title: 'by ann' } } },
  });
  expect((await home.call('PATCH', url, { channel: 'others' })).body).toMatchObject({
    code: 'dead.edit',
    pointer: '/channel',
    detail: expect.stringContaining('did you mean `other`?'),
  });
  expect((await home.call('PATCH', url, { channel: 'other' })).status).toBe(200);
  expect(await home.deadLetters()).toMatchObject([{ channel: 'other', message: { title: 'by ann' } }]);
  expect((await home.belfry(['dead', 'resend', id, '--yes'])).code).toBe(0);
  expect(sink.requests.map((request) => [request.path, title(request)])).toEqual([['/other', 'by ann']]);
});

/** Server that keeps its second answer back until `goOn` is called. */
async function openGate(): Promise<{ readonly origin: string; readonly titles: string[]; goOn(): void }> {
  const titles: string[] = [];
  let goOn = (): void => {};
  const server = createServer((request, response) => {
    const answer = (body: unknown): void => {
      titles.push(title({ json: body }));
      if (titles.length === 2) goOn = () => response.end();
      else response.end();
    };
    json(request).then(answer, () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, titles, goOn: () => goOn() };
}

test('a resend goes on without the command that began it; another person pauses it, and nothing is sent twice', async () => {
  const gate = await openGate();
  await dead(20);
  const seen = home.lines.length;
  await home.rules(`
channels:
  sink: { type: webhook, url: "${gate.origin}", delivery: { concurrency: 1 } }
rules: [{ name: all, on: api, notify: [sink] }]
`);
  await home.logged((line) => line.msg === 'reload: applied', seen);
  const resending = home.spawn(['dead', 'resend', '--all', '--yes', '--config', home.path('rules')]);
  await expect.poll(() => gate.titles.length).toBe(2);
  const [job] = jsonLines((await home.belfry(['jobs', '--json'])).stdout);
  expect(job).toMatchObject({ kind: 'dead.resend', state: 'running', total: 20, done: 1 });
  const id = String(job!.id);
  expect((await home.belfry(['jobs', 'pause', id, '--by', 'bob'])).stdout).toContain('paused');
  resending.kill('SIGINT');
  await new Promise((resolve) => resending.once('exit', resolve));
  expect(home.output).toContain(`the daemon goes on with the job ${id}: \`belfry jobs\` shows it`);
  const again = await home.belfry(['dead', 'resend', '--all', '--yes']);
  expect([again.code, again.stderr]).toEqual([3, expect.stringContaining('a job is already sending')]);
  gate.goOn();
  expect((await home.belfry(['jobs', 'resume', id])).code).toBe(0);
  await expect.poll(async () => (await home.call('GET', `/v1/jobs/${id}`)).body).toMatchObject({ state: 'done' });
  expect(await home.deadLetters()).toEqual([]);
  expect(gate.titles.toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => String(n)).toSorted());
  expect((await home.belfry(['jobs', 'cancel', id])).code).toBe(1);
});

test('held deliveries wait over a restart until release', async () => {
  sink.answer({ status: 200 });
  await home.rules(rules());
  await home.start();
  expect((await home.belfry(['hold', 'sink'])).code).toBe(0);
  expect((await home.belfry(['hold', 'nobody'])).code).toBe(3);
  await home.call('POST', '/v1/events', { type: 'a', data: { n: 1 } });
  await home.kill();
  await home.start();
  expect((await home.call('GET', '/v1/channels')).body).toMatchObject({
    channels: [{ name: 'sink', state: 'paused', held: 1 }, { name: 'other' }],
  });
  expect(sink.requests).toEqual([]);
  expect((await home.belfry(['release', 'sink'])).code).toBe(0);
  await sink.arrived(1);
});

test('channel test sends a real message and prints the receipt or the failure with its class', async () => {
  await home.rules(rules());
  await home.start();
  const failed = await home.belfry(['channel', 'test', 'sink', '--json']);
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.stdout)).toMatchObject({ ok: false, error: { class: 'permanent', code: 'http.422' } });
  sink.answer({ status: 200 });
  expect(await home.belfry(['channel', 'test', 'sink'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('delivered'),
  });
  expect((await home.belfry(['channel', 'test', 'nobody'])).code).toBe(3);
});
