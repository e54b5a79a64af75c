import { writeFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { DoctorFinding } from '../../../daemon/core/problems/doctor.ts';
import { Home } from '../../support/daemon.ts';
import { openReceiver } from '../../support/receiver.ts';

interface Examination {
  readonly code: number;
  readonly ok: boolean;
  readonly findings: readonly DoctorFinding[];
}

const SECRET = 'sesame-open-sesame';

async function home(): Promise<Home> {
  const made = await Home.make();
  onTestFinished(() => made.close());
  return made;
}

async function examine(made: Home, ...more: readonly string[]): Promise<Examination> {
  const { code, stdout, stderr } = await made.belfry(['doctor', '--json', ...more]);
  expect(stderr).toBe('');
  expect(stdout).not.toContain(SECRET);
  return { code, ...(JSON.parse(stdout) as Omit<Examination, 'code'>) };
}

const named = ({ findings }: Examination, name: string): readonly DoctorFinding[] =>
  findings.filter(({ check }) => check === name);

test('a running daemon is examined with its own secrets and reaches its channels; no message is sent', async () => {
  const receiver = await openReceiver();
  onTestFinished(() => receiver.close());
  const made = await home();
  await made.rules(`channels:
  ops: { type: webhook, url: "${receiver.origin}/ops", headers: { Authorization: "\${env:HOOK_TOKEN}" } }
  gone: { type: webhook, url: "http://127.0.0.1:9/\${env:HOOK_TOKEN}" }
rules:
  - { name: busy, match: { type: a }, notify: ops }
`);
  made.env.HOOK_TOKEN = SECRET;
  await made.start();
  delete made.env.HOOK_TOKEN;
  const found = await examine(made);
  expect(found).toMatchObject({ code: 1, ok: false });
  expect(named(found, 'network.connect')).toMatchObject([
    { level: 'fail', message: '127.0.0.1:9 (gone): no connection (ECONNREFUSED)' },
  ]);
  // Checks of the daemon and of the caller, each once.
  for (const check of ['rules.load', 'daemon.ready', 'daemon.running', 'daemon.version', 'socket.access'])
    expect(named(found, check)).toMatchObject([{ level: 'ok' }]);
  expect(named(found, 'daemon.single')).toMatchObject([{ level: 'ok' }]);
  expect(receiver.deliveries()).toEqual([]);
});

test('rules on disk that are not in force, and an answer of a person, are found by the daemon', async () => {
  const made = await home();
  const rules = 'channels: { log: { type: log } }\nrules: [{ name: a, notify: log }]\n';
  await made.rules(rules, 'rules.yaml', '  reload: { watch: false }\n');
  await made.start();
  expect(named(await examine(made), 'rules.applied')).toMatchObject([{ level: 'ok' }]);
  await made.rules(`${rules}hours: { late: ["22:00-24:00"] }\n`, 'rules.yaml', '  reload: { watch: false }\n');
  await made.call('POST', '/v1/channels/log/seen', { seen: false });
  expect((await made.belfry(['backup', made.path('backup.tar')])).code).toBe(0);
  const found = await examine(made, '--send');
  expect(named(found, 'rules.applied')).toMatchObject([
    { level: 'warn', mend: expect.stringContaining('belfry reload') },
  ]);
  expect(named(found, 'channels.seen')).toMatchObject([{ level: 'fail' }]);
  expect(named(found, 'backup.age')).toMatchObject([{ level: 'ok', message: 'the last backup is less than 1h old' }]);
  expect(named(found, 'channel.test')).toMatchObject([{ level: 'ok', message: 'log: sent' }]);
});

test('without a daemon the command makes all checks, also on rules that do not load', async () => {
  const made = await home();
  await made.rules('channels: { log: { type: lgo } }\n');
  await writeFile(made.path('rules', 'broken.yaml'), 'rules: [');
  const found = await examine(made);
  expect(found.code).toBe(1);
  expect(named(found, 'rules.load').map(({ level }) => level)).toEqual(['fail', 'fail']);
  expect(named(found, 'daemon.running')).toMatchObject([{ level: 'fail' }]);
  expect(named(found, 'disk.room')).toMatchObject([{ level: 'ok' }]);
  const sent = await made.belfry(['doctor', '--send']);
  expect(sent.code).toBe(69);
  expect(sent.stderr).toContain('--send needs a running daemon');
});

test('a daemon that does not answer is a finding, and the machine is examined without it', async () => {
  const made = await home();
  await made.rules('channels: { log: { type: log } }\nrules: [{ name: a, notify: log }]\n');
  await made.start();
  made.signal('SIGSTOP');
  try {
    const found = await examine(made, '--timeout', '300ms');
    expect(found.code).toBe(1);
    expect(named(found, 'daemon.running')).toMatchObject([
      { level: 'fail', message: expect.stringMatching(/^the daemon is running, but has not answered `GET/) },
    ]);
    expect(named(found, 'disk.room')).toMatchObject([{ level: 'ok' }]);
  } finally {
    made.signal('SIGCONT');
  }
});
