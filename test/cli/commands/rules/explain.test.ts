import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { explainLive } from '../../../../daemon/app/api/explain.ts';
import { Intake } from '../../../../daemon/app/runtime/intake.ts';
import { readJsonText } from '../../../../daemon/cli/json-input.ts';
import type { Event } from '../../../../daemon/core/event/event.ts';
import type { Explanation } from '../../../../daemon/core/explain/explain.ts';
import type { Ruleset } from '../../../../daemon/core/ruleset.ts';
import type { Store } from '../../../../daemon/store/store.ts';
import { openStore } from '../../../../daemon/store/sqlite/sqlite.ts';
import { rulesetOf } from '../../../support/compile.ts';
import { openTestListener } from '../../../support/listener.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';
import { runCommand, testTerminal } from '../../../support/command-line.ts';

const RULES = `
channels: { ops: { type: log }, quiet: { type: log, delivery: { retry: [] } } }
rules:
  - { name: other, match: { type: other }, notify: ops }
  - name: slow
    match: { type: request, data.ms: { gt: 500 }, any: [{ data.a: 1 }, { data.b: 1 }] }
    key: k
    dedupe: 10m
    message: { title: "Slow: {{ data.what }}", body: "{{ data.ms }} ms {{ data.what }}" }
    notify: [ops, quiet]
  - { name: secret, match: { data.token: "\${env:TOKEN}" }, notify: ops }
  - { name: "off", enabled: false, match: { type: request }, notify: ops }
`;
const SLOW = { type: 'request', data: { ms: 700, a: 1, what: 'a\u001B[31mred' } };

interface Run {
  readonly stdin?: string;
  readonly isTTY?: boolean;
  readonly env?: Record<string, string>;
}

async function belfry(cwd: string, args: readonly string[], { stdin = '', isTTY = false, env = {} }: Run = {}) {
  const terminal = testTerminal({
    stdin: Readable.from([Buffer.from(stdin)]),
    stdout: Object.assign(new PassThrough(), { isTTY }),
    env: { TOKEN: 'hunter2-hunter2', HOME: cwd, ...env },
    cwd,
  });
  const { code, stdout: out, stderr: err } = await runCommand(terminal, ['explain', ...args]);
  return { code, out, err };
}

async function home(rules = RULES): Promise<string> {
  const cwd = await temporaryFolder();
  await mkdir(path.join(cwd, 'rules'));
  await writeFile(path.join(cwd, 'rules', 'rules.yaml'), `daemon: { state: ${cwd}/state }\n${rules}`);
  await writeFile(path.join(cwd, 'slow.json'), JSON.stringify(SLOW));
  return cwd;
}

/** Serves a daemon on the socket of the rules in `cwd`. */
/** Channels that keep nothing back. */
const OPEN_CHANNELS = { statusOf: () => undefined, isHeld: () => false, notBefore: () => undefined };

async function daemonAt(cwd: string, ruleset: () => Ruleset = () => rulesetOf(SINKS)) {
  await mkdir(path.join(cwd, 'state'));
  const clock = new VirtualClock('2026-11-23T09:00:00Z');
  const store: Store = await openStore({ path: ':memory:' });
  onTestFinished(() => store.close());
  const to = await openTestListener({ socket: path.join(cwd, 'state', 'belfry.sock') });
  const live = {
    get ruleset() {
      return ruleset();
    },
  };
  to.daemon.current = { ...to.daemon.current, config: path.join(cwd, 'rules') };
  to.daemon.onExplain = explainLive({ store, live, scrubber: to.scrubber, clock, lanes: OPEN_CHANNELS });
  let ids = 0;
  const intake = new Intake({
    live: ruleset,
    store,
    clock,
    newId: () => `e-${(ids += 1)}`,
    onAccepted: () => undefined,
    observe: () => [],
  });
  return { clock, store, intake, to };
}

const SINKS = RULES.replaceAll('type: log', 'type: sink').replace('${env:TOKEN}', 'hunter2-hunter2');

test('without a daemon the rules alone are explained, with a note', async () => {
  const cwd = await home();
  const { code, out, err } = await belfry(cwd, ['slow.json', '--at', '2026-11-23T10:00:00+01:00']);
  expect(code).toBe(0);
  expect(err).toBe(
    'belfry: the daemon is not running; the rules are explained without its state, as if nothing had happened before\n',
  );
  expect(out.replace(/[0-9a-f]{8}-\S+/, 'ID')).toBe(`event  api  request  ID
if it came at 2026-11-23T09:00:00.000Z: 2 of 4 rules match

slow  notified
  key k
  ✓ type             equals "request"  is "request"
  ✓ data.ms          gt 500            is 700
  ✓ any              at least one      1 of 2
  ✓   any[0].data.a  equals 1          is 1
  ✗   any[1].data.b  equals 1          is missing
  → ops at 2026-11-23T09:00:00.000Z: Slow: a [31mred
      700 ms a [31mred
      retries at 09:00:05Z, 09:00:35Z, 09:02:35Z, 09:12:35Z, 09:42:35Z, 10:42:35Z, 12:42:35Z, 16:42:35Z, 2026-11-24T00:42:35Z if it fails
  → quiet at 2026-11-23T09:00:00.000Z: Slow: a [31mred
      700 ms a [31mred
      no retry if it fails

off  disabled  \`enabled\` is false
  ✓ type     equals "request"  is "request"
  ✗ enabled  equals true       is false

other  no_match  type is "request", and must be "other"
  ✗ type  equals "other"  is "request"

secret  no_match  data.token is missing, and must be "***"
  ✗ data.token  equals "***"  is missing
`);
});

test('on a terminal outcomes have colours, and an event cannot add its own', async () => {
  const cwd = await home();
  const { out } = await belfry(cwd, ['slow.json'], { isTTY: true });
  expect(out).toContain('\u001B[32mnotified\u001B[0m');
  expect(out).toContain('\u001B[90mno_match\u001B[0m');
  expect(out).not.toContain('\u001B[31mred');
});

test('JSON is one object, the same that the daemon answers', async () => {
  const cwd = await home();
  const { code, out } = await belfry(cwd, ['-', '--json', '--rule', 'slow'], { stdin: JSON.stringify(SLOW) });
  const explanation = JSON.parse(out) as Explanation;
  expect(code).toBe(0);
  expect(explanation.event).toMatchObject({ ...SLOW, source: 'api', id: expect.any(String) });
  expect(explanation.rules).toMatchObject([
    {
      rule: 'slow',
      outcome: 'notified',
      conditions: [
        { path: 'type', operator: 'equals', expected: 'request', actual: 'request', holds: true },
        {},
        {},
        {},
        {},
      ],
      sends: [
        { channel: 'ops', message: { title: 'Slow: a [31mred', body: '700 ms a\u001B[31mred' } },
        { channel: 'quiet', retries: [] },
      ],
    },
  ]);
});

test('no rule that matches is exit 3, and so is one that does not exist', async () => {
  const cwd = await home(RULES.replaceAll('type: request', 'type: nothing'));
  expect((await belfry(cwd, ['slow.json'])).code).toBe(3);
  expect(await belfry(cwd, ['slow.json', '--rule', 'slo'])).toMatchObject({
    code: 3,
    out: '',
    err: expect.stringContaining('no rule `slo`'),
  });
});

test('rules that do not load are exit 78, with every problem', async () => {
  const cwd = await home(RULES.replace('notify: [ops, quiet]', 'notify: opz'));
  const { code, out, err } = await belfry(cwd, ['slow.json']);
  expect([code, out]).toEqual([78, '']);
  expect(err).toContain('rule.unknown_channel');
});

test.each<[string, readonly string[], string, string]>([
  ['no file', ['gone.json'], '', 'there is no file `gone.json`'],
  ['no JSON', ['-'], '{\n  "type": tru\n}', 'standard input:2:11: this is not JSON: "tru" does not belong here'],
  ['nothing', ['-'], '', 'standard input:1:1: this is not JSON: it ends too early'],
  ['no event', ['-'], '{"event":{"data":1}}', 'this is not an event: `type` is missing'],
  ['several', ['-'], '[{"type":"a"},{"type":"b"}]', 'one is explained at a time'],
  [
    'no time',
    ['-', '--at', 'noon'],
    '{"type":"a"}',
    '--at: `noon` is not allowed: give a time such as 2026-11-23T09:00:00+08:00',
  ],
])('%s is wrong usage, exit 2', async (_what, args, stdin, said) => {
  const cwd = await home();
  expect(await belfry(cwd, args, { stdin })).toEqual({ code: 2, out: '', err: expect.stringContaining(said) });
});

test('the id of a past event needs a daemon', async () => {
  const cwd = await home();
  expect(await belfry(cwd, ['e-1'])).toMatchObject({ code: 69, err: expect.stringContaining('cannot be reached') });
});

test('the daemon explains with its state, and explaining changes nothing', async () => {
  const cwd = await home();
  const { clock, intake, store } = await daemonAt(cwd);
  await intake.accept([SLOW]);
  await clock.advance(60_000);
  for (const _ of [1, 2]) {
    const { code, out, err } = await belfry(cwd, ['slow.json', '--json']);
    expect([code, err]).toEqual([0, '']);
    expect((JSON.parse(out) as Explanation).rules[1]).toMatchObject({
      outcome: 'deduplicated',
      until: '2026-11-23T09:10:00.000Z',
      sends: [],
    });
  }
  expect((await belfry(cwd, ['slow.json', '--at', '2026-11-23T09:10:00Z'])).out).toContain('slow  notified');
  expect(store.deliveries.counts().byChannel.get('ops')).toMatchObject({ pending: 1 });
});

test('a past event shows its recorded outcome beside the present one', async () => {
  const cwd = await home();
  let rules = SINKS;
  const { clock, intake } = await daemonAt(cwd, () => rulesetOf(rules));
  const { id } = (await intake.accept([SLOW]))[0]!;
  await clock.advance(3_600_000);
  rules = SINKS.replace('gt: 500', 'gt: 900');
  const { code, out } = await belfry(cwd, [id, '--json', '--rule', 'slow']);
  expect(code).toBe(3);
  expect(JSON.parse(out)).toMatchObject({
    event: { ...SLOW, id } as unknown as Event,
    at: '2026-11-23T10:00:00.000Z',
    recorded: {
      received_at: '2026-11-23T09:00:00.000Z',
      results: [{ rule: 'slow', outcome: 'notified', key: 'k' }],
      later: [],
    },
    deliveries: [{ channel: 'ops' }, { channel: 'quiet' }],
    rules: [{ outcome: 'no_match', reason: 'data.ms is 700, and must be gt 900' }],
  });
  const text = (await belfry(cwd, [id])).out;
  expect(text).toContain(
    [
      'came at 2026-11-23T09:00:00.000Z',
      '  2026-11-23T09:00:00.000Z  slow  k  notified',
      '  2026-11-23T09:00:00.000Z  off      disabled',
      '  e-2  ops  slow  pending  next at 2026-11-23T09:00:00.000Z',
      '    2026-11-23T09:00:00.000Z  created',
      '  e-3  quiet  slow  pending  next at 2026-11-23T09:00:00.000Z',
      '    2026-11-23T09:00:00.000Z  created',
      'if it came again at 2026-11-23T10:00:00.000Z: 1 of 4',
    ].join('\n'),
  );
  expect(await belfry(cwd, ['e-9'])).toMatchObject({ code: 3, err: expect.stringContaining('no event with this id') });
});

test.each<[string, number, number]>([
  ['', 1, 1],
  ['{', 1, 2],
  ['{"a": }', 1, 7],
  ['{"a":1,}', 1, 8],
  ['{a: 1}', 1, 2],
  ['[1,\n 2,\n ]', 3, 2],
  ['[1 2]', 1, 4],
  ['{"a" 1}', 1, 6],
  ['{"a":1}}', 1, 8],
  ["{'a': 1}", 1, 2],
  ['{"a": 01}', 1, 7],
  ['{"a": "x\ny"}', 1, 7],
  [String.raw`{"a": "\x"}`, 1, 8],
  ['{"a"}', 1, 5],
  ['[1, # one\n 2]', 1, 5],
  ['- 1', 1, 1],
  ['{"a": *b}', 1, 7],
  ['[nul]', 1, 2],
  ['[]]', 1, 3],
  ['{"a": [1, {"b": [}]}', 1, 18],
])('%j has its first error at %i:%i', (text, line, column) => {
  expect(readJsonText(text)).toEqual({ ok: false, line, column, message: expect.any(String) });
});

test('JSON is read, also with a byte order mark', () => {
  expect(readJsonText('\uFEFF{"a": [1, -2.5e3, "\\u0041", {}, []]}')).toEqual({
    ok: true,
    value: { a: [1, -2500, 'A', {}, []] },
  });
});
