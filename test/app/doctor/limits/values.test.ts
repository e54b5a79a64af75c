import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { compileCondition } from '../../../../daemon/core/match/condition/condition.ts';
import { compileTemplate } from '../../../../daemon/core/message/template.ts';
import { Secret } from '../../../../daemon/lib/secrets/secret.ts';
import { Tickets } from '../../../../daemon/lib/secrets/tickets.ts';
import { listRulesFiles } from '../../../../daemon/reload/files.ts';
import { lookUpAll } from '../../../../daemon/reload/references.ts';
import { parseYaml } from '../../../../daemon/reload/yaml/parse.ts';
import { INVALID_KEY, normalizeKey } from '../../../../daemon/sources/heartbeat/requests.ts';
import { matches } from '../../../../daemon/sources/kit/secrets.ts';
import { webhook } from '../../../../daemon/sources/webhook/webhook.ts';
import { CoreRunner, MINUTE } from '../../../support/core-runner.ts';
import { recordedIo, sourceSettings } from '../../../support/source-io.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

test('signatures: the right one counts among 32, and not among 33', () => {
  const secret = new Secret('s');
  const given = (count: number): string[] => [...Array<string>(count - 1).fill('wrong'), 'right'];
  expect(matches(given(32), [secret], () => 'right')).toBe(true);
  expect(matches(given(33), [secret], () => 'right')).toBe(false);
});

test('repeated_data: `each` stores 32 MiB beside the elements, and no more', async () => {
  const io = recordedIo({ clock: new VirtualClock(), name: 'hook' });
  const settings = sourceSettings(webhook, { path: '/hooks/x', event: { each: 'body.list' } });
  const source = await webhook.start(settings, io);
  const send = (rest: number) => {
    const body = Buffer.from(JSON.stringify({ list: Array(1024).fill(1), rest: 'x'.repeat(rest) }));
    const request = { method: 'POST', path: '/hooks/x', query: new URLSearchParams(), remote: '127.0.0.1', body };
    return source.routes![0]!.handle({ ...request, headers: { 'content-type': 'application/json' } });
  };
  const frame = JSON.stringify([{ rest: '' }, [{ 'content-type': 'application/json' }, {}]]).length;
  expect(await send(32 * 1024 - frame)).toMatchObject({ status: 202 });
  expect(await send(32 * 1024 - frame + 1)).toMatchObject({ status: 413, code: 'hook.too_much_repeated' });
  expect(io.events).toHaveLength(1024);
});

test('beat_key: a key has 200 characters at most', () => {
  expect(normalizeKey('k'.repeat(200))).toHaveLength(200);
  expect([normalizeKey('k'.repeat(201)), INVALID_KEY]).toEqual([undefined, expect.stringContaining('200')]);
});

test('tickets: 10,000 wait to be used, and a further one replaces the oldest', () => {
  const tickets = new Tickets<number>(new VirtualClock(), 30);
  const issued = Array.from({ length: 10_001 }, (_, index) => tickets.issue(index).ticket);
  expect([issued[0], issued[1], issued[10_000]].map((ticket) => tickets.redeem(ticket!))).toEqual([
    undefined,
    1,
    10_000,
  ]);
});

test('expression_length: an `if:` has 4,096 characters', () => {
  const condition = (length: number): string => `data.a == "${'x'.repeat(length - 12)}"`;
  expect(compileCondition(condition(4096)).ok).toBe(true);
  expect(compileCondition(condition(4097))).toMatchObject({ ok: false, message: expect.stringContaining('4096') });
});

test('expression_macros: two macros may be inside each other, three may not', () => {
  expect(compileCondition('data.l.all(x, data.l.all(y, x == y))').ok).toBe(true);
  expect(compileCondition('data.l.all(x, data.l.all(y, data.l.all(z, x == y)))')).toMatchObject({ ok: false });
});

test('expression_list: macros inside each other go through a list of 1,000 elements', () => {
  const compiled = compileCondition('data.all(x, data.exists(y, x == y))');
  if (!compiled.ok) throw new Error(compiled.message);
  const holds = (length: number) =>
    compiled.condition.test(
      { id: '1', source: 's', type: 't', time: '2026-11-23T08:00:00Z', data: Array(length).fill(1) },
      0,
    );
  expect(holds(1000)).toMatchObject({ holds: true });
  expect(holds(1001)).toMatchObject({ holds: false, error: expect.stringContaining('1000') });
});

test('template_source: a template has 16,384 characters', () => {
  const template = (length: number): string => '{{ data.a }}'.padEnd(length, 'x');
  expect(compileTemplate(template(16_384)).ok).toBe(true);
  expect(compileTemplate(template(16_385))).toMatchObject({ ok: false, message: expect.stringContaining('16384') });
});

test('rules_depth: a file has 64 levels', () => {
  const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  expect(parseYaml(nested(64))).toMatchObject({ ok: true });
  expect(parseYaml(nested(66))).toMatchObject({ ok: false, issues: [{ code: 'yaml.too_deep' }] });
});

test('rules_aliases: aliases give 20,000 values', () => {
  const aliases = (count: number): string => `a: &a [${'1,'.repeat(98)}1]\nb: [${'*a,'.repeat(count - 1)}*a]\n`;
  expect(parseYaml(aliases(200))).toMatchObject({ ok: true });
  expect(parseYaml(aliases(201))).toMatchObject({ ok: false, issues: [{ code: 'yaml.too_many_aliases' }] });
});

test('rules_folders: files 32 folders deep are read, and a deeper folder is a problem', async () => {
  const folder = await temporaryFolder();
  const at = (depth: number): string => path.join(folder, ...Array<string>(depth).fill('d'));
  await mkdir(at(33), { recursive: true });
  await writeFile(path.join(at(32), 'deep.yaml'), '');
  const { files, problems } = await listRulesFiles(folder);
  expect(files).toEqual([path.join(at(32), 'deep.yaml')]);
  expect(problems).toMatchObject([{ code: 'file.too_deep', file: at(33) }]);
});

test('secret_bytes: a file of a secret has 64 KiB', async () => {
  const base = await temporaryFolder();
  await writeFile(path.join(base, 'at'), 's'.repeat(64 * 1024));
  await writeFile(path.join(base, 'above'), 's'.repeat(64 * 1024 + 1));
  const found = await lookUpAll(['file:at', 'file:above'], { env: {}, base });
  expect(found.get('file:at')).toMatchObject({ value: 's'.repeat(64 * 1024) });
  expect(found.get('file:above')).toMatchObject({ message: expect.stringContaining('too large for a secret') });
});

/** Outcomes of a rule for events that come one after the other. */
function outcomesOf(rule: string, count: number): readonly string[] {
  const hours = 'hours: { night: { from: "22:00", to: "06:00", timezone: UTC } }';
  const runner = new CoreRunner(`${hours}\nrules: [${rule}]\n`);
  return Array.from({ length: count }, () => runner.take({ state: 'down' }).r!);
}

test('held_groups: a key keeps 1,000 groups outside of its hours, and drops the next', () => {
  const rule = '{ name: r, match: { data.state: down }, notify: ops, during: night, outside: hold }';
  const outcomes = outcomesOf(rule, 1001);
  expect([outcomes[999], outcomes[1000]]).toEqual(['held', 'outside_hours']);
});

test('digest_events: a message of a digest has 1,000 events, and the number of all', () => {
  const message = 'message: { title: T, body: "{{ count }} {{ events | size }}" }';
  for (const [count, body] of [
    [1000, '1000 1000'],
    [1001, '1001 1000'],
  ] as const) {
    const runner = new CoreRunner(
      `rules: [{ name: r, match: { data.state: down }, notify: ops, digest: { wait: 1m }, ${message} }]\n`,
    );
    for (let event = 0; event < count; event += 1) runner.take({ state: 'down' });
    runner.wait(MINUTE);
    expect(runner.sent.map((sent) => sent.body)).toEqual([body]);
  }
});
