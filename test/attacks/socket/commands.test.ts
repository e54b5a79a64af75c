import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { attacksOn } from '../support/attack.ts';
import { send } from '../support/send.ts';

const BELFRY = path.resolve(import.meta.dirname, '../../../bin/belfry.js');

const attack = attacksOn({
  rules: (origin) => `channels:
  refusing: { type: webhook, url: "${origin}/refusing" }
rules:
  - { name: refused, on: api, match: { type: dead }, message: { title: "{{ data.text }}", body: "{{ data.text }}" }, notify: refusing }
`,
});

/** Sequences that clear the screen, make a link, write to the clipboard, set the title, and reverse text. */
const HOSTILE =
  'MARK\u001B[2J\u001B]8;;http://evil.example\u0007link\u001B]8;;\u0007\u001B]52;c;ZXZpbA==\u0007\u001B]0;title\u0007\u009B31m\u202Eevil\r\n\u0008\u0000\u2028';
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000B-\u001A\u001C-\u001F\u007F-\u009F\u2028-\u202E]|\u001B(?!\[\d*(?:;\d+)*m)/;

attack('C9', async (target) => {
  const { home } = target;
  const from = home.output.length;
  const given = ['--url', target.origin, '--token', target.token];
  for (const args of [
    ['status', ...given],
    ['status', '--url', target.origin, '--token', 'wrong-token-0123456789'],
    ['status', '--url', `http://user:${target.token}@127.0.0.1:${target.port}`],
  ]) {
    const { stdout, stderr } = await home.belfry(args);
    expect(stdout + stderr).not.toMatch(new RegExp(`${target.token}|wrong-token`));
  }
  const quiet = await home.belfry(['status', '--url', target.origin], { env: { BELFRY_TOKEN: target.token } });
  expect(quiet.code).toBe(0);
  expect(home.output.slice(from)).not.toContain(target.token);
});

attack('C10', async ({ home }) => {
  const values = [
    '-x',
    '--',
    '--help',
    '$(id)',
    '`id`',
    '; id',
    '| id',
    'a\nb',
    '\u001B[2J',
    '%s%n',
    '{{ data }}',
    "' OR 1=1",
    'x'.repeat(100_000),
  ];
  for (const value of values) {
    const { code, stdout, stderr } = await home.belfry(['emit', '--json', 'hostile.value', `text=${value}`]);
    expect([value.slice(0, 20), code, stderr]).toEqual([value.slice(0, 20), 0, '']);
    const { id } = JSON.parse(stdout) as { id: string };
    const { body } = await home.call<{ event: { data: unknown } }>('GET', `/v1/events/${id}`);
    expect(body.event.data).toEqual({ text: value });
  }
  for (const args of [
    ['emit', '--unknown=$(id)'],
    ['dead', 'show', '../../etc/passwd'],
    ['hold', '$(id)'],
    ['events', '--limit', '1;id'],
  ]) {
    const { code, stdout, stderr } = await home.belfry(args);
    expect([args, [1, 2, 3].includes(code), stdout + stderr]).toEqual([
      args,
      true,
      expect.not.stringMatching(/uid=|root:/),
    ]);
  }
});

attack('C11', async ({ home, receiver }) => {
  receiver.statuses.set('refusing', 400);
  await home.call('POST', '/v1/events?wait=30s', {
    type: 'dead',
    subject: 'MARK \u202E\u009B31m',
    data: { text: HOSTILE },
  });
  const [letter] = await home.deadLetters();
  const verbs = [
    ['dead', 'list'],
    ['dead', 'show', String(letter!.id)],
    ['events'],
    ['deliveries'],
    ['explain', (letter!.event as { id: string }).id],
  ];
  for (const verb of verbs) {
    const plain = await home.belfry(verb);
    expect([verb, CONTROLS.exec(plain.stdout + plain.stderr)]).toEqual([verb, null]);
    // `script` gives the command a terminal.
    const quoted = [process.execPath, BELFRY, ...verb, '--config', home.path('rules')]
      .map((word) => `'${word}'`)
      .join(' ');
    const terminal = spawn('script', ['-qec', quoted, '/dev/null'], {
      env: { PATH: process.env.PATH, HOME: home.folder, RUNTIME_DIRECTORY: home.path('run'), TERM: 'xterm-256color' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let shown = '';
    terminal.stdout.on('data', (text: Buffer) => (shown += text.toString()));
    await once(terminal, 'close');
    expect([verb, CONTROLS.exec(shown.replaceAll('\r\n', '\n'))]).toEqual([verb, null]);
  }
  const json = await home.belfry(['dead', 'list', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ id: letter!.id });
});

attack('C12', async ({ home }) => {
  expect((await stat(BELFRY)).mode & 0o6000).toBe(0);
  await writeFile(home.path('evil.cjs'), 'process.stdout.write("EVIL")');
  const doctor = await home.belfry(['doctor', '--json'], {
    env: { NODE_OPTIONS: `--require ${home.path('evil.cjs')}`, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  });
  // The variables are those of the caller, who gains nothing by them; the doctor names what weakens a daemon.
  expect(doctor.stdout).toContain('environment.node');
});

attack('C13', async (target) => {
  const { home } = target;
  const created = await home.call<{ ticket: string }>('POST', '/v1/console/tickets', { scope: 'read' });
  const session = await home.call<{ token: string }>('POST', '/v1/console/login', { ticket: created.body.ticket });
  const read = { authorization: `Bearer ${session.body.token}` };
  await writeFile(home.path('secret.yaml'), 'rules: "the secret line"\nother: "${env:SECRET}"\n', { mode: 0o600 });
  for (const at of [
    '/etc/shadow',
    home.path('secret.yaml'),
    '../secret.yaml',
    '/proc/self/environ',
    '/',
    '/dev/zero',
  ]) {
    const asked = await send(target, '/v1/check', { body: JSON.stringify({ path: at }), headers: read });
    expect([at, asked.status, asked.text]).toEqual([at, 403, expect.not.stringContaining('root:')]);
  }
  // Folders that are no rules, devices and pipes end with a message.
  for (const at of ['/proc/self/environ', '/dev/zero', '/proc/self/', '/dev']) {
    const { code, stdout, stderr } = await home.belfry(['check', at]);
    expect([at, code, (stdout + stderr).length > 0, stderr]).toEqual([
      at,
      78,
      true,
      expect.not.stringMatching(/^ {4}at /m),
    ]);
  }
  const shown = await home.belfry(['check', home.path('secret.yaml')], { env: { SECRET: 'value-of-the-secret' } });
  expect([shown.code, shown.stdout]).toEqual([78, expect.not.stringContaining('value-of-the-secret')]);
});

attack('C14', async () => {
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules('');
  for (const args of [['status'], ['emit', 'x'], ['status', '--url', 'http://127.0.0.1:1', '--token', 'x']]) {
    const { code, stdout, stderr } = await home.belfry(args);
    expect([args, code, stdout]).toEqual([args, 69, '']);
    expect(stderr).not.toMatch(/^ {4}at /m);
  }
});

attack('C15', async ({ home }) => {
  for (const verb of ['events', 'events --json', 'status', 'deliveries --json']) {
    const command = `'${process.execPath}' '${BELFRY}' ${verb} --config '${home.path('rules')}'`;
    for (const sink of ['| head -c 1', '> /dev/full', '>&-', '| true']) {
      const shell = spawn('sh', ['-c', `${command} ${sink}`], {
        env: { PATH: process.env.PATH, HOME: home.folder, RUNTIME_DIRECTORY: home.path('run') },
      });
      let errors = '';
      shell.stderr.on('data', (text: Buffer) => (errors += text.toString()));
      await once(shell, 'close');
      expect([verb, sink, errors]).toEqual([verb, sink, expect.not.stringMatching(/^ {4}at |Error:/m)]);
    }
  }
});
