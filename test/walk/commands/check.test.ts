import { readFile, mkdir, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';

const RULES = `
channels: { ops: { type: webhook, url: "https://ops.example.com/\${env:NEEDED}" } }
rules: [{ name: any, on: api, message: { title: "{{ type }}" }, notify: ops }]
`;
const SECRET = 'only-the-daemon-has-it';

let home: Home;

/** A running daemon with a secret that its commands do not have. */
beforeEach(async () => {
  home = await Home.make();
  home.env.NEEDED = SECRET;
  await home.rules(RULES, 'rules.yaml', '  reload: { watch: false }\n');
  await home.start();
  delete home.env.NEEDED;
});
afterEach(() => home.close());

const check = (...args: string[]) => home.belfry(['check', ...args]);

test('rules are checked by the daemon that runs on them, which has their secrets', async () => {
  const by = `checked by the daemon, pid ${home.pid}`;
  expect(await check()).toEqual({ code: 0, stdout: `valid: 1 rule in 1 file, ${by}\n`, stderr: '' });
  expect((await check(home.path('rules', 'rules.yaml'))).stdout).toContain(by);
  expect(JSON.parse((await check('--json')).stdout)).toEqual({ valid: true, files: 1, rules: 1, problems: [] });

  await home.rules(RULES.replace('notify: ops', 'notify: opz'));
  const refused = await check();
  expect(refused).toMatchObject({ code: 78, stderr: '' });
  expect(refused.stdout).toContain(`rules/rules.yaml:7:`);
  expect(refused.stdout).toMatch(/^ {2}7 \| rules: .*notify: opz.*\n +\| +\^\^\^\n {2}did you mean `ops`\?$/m);
  expect(JSON.parse((await check('--json')).stdout)).toEqual({
    valid: false,
    files: 1,
    rules: 1,
    problems: [
      {
        file: 'rules/rules.yaml',
        line: 7,
        column: expect.any(Number),
        level: 'error',
        code: 'rule.unknown_channel',
        message: expect.any(String),
        mend: 'did you mean `ops`?',
      },
    ],
  });
});

test('the excerpts of the daemon have no secrets', async () => {
  await home.rules(RULES.replace('{ type: webhook,', '{ type: webhook, token: hunter2-hunter2, tokn: 1,'));
  const { stdout } = await check();
  expect(stdout).toContain('tokn');
  expect(stdout).not.toContain(SECRET);
});

test('a warning of the daemon makes rules invalid with --strict', async () => {
  await home.rules(RULES.replace('{ name: any,', '{ name: any, if: "dta.x == 1",'));
  expect((await check()).code).toBe(0);
  expect((await check('--strict')).code).toBe(78);
});

test('--offline and --without-secrets check here, and so do paths that no daemon runs on', async () => {
  expect(await check('--offline')).toMatchObject({ code: 78, stdout: expect.stringContaining('`NEEDED`') });
  expect(await check('--without-secrets')).toMatchObject({ code: 0, stdout: 'valid: 1 rule in 1 file\n' });
  await mkdir(home.path('other'));
  await writeFile(home.path('other', 'a.yaml'), 'rules: []\n');
  expect(await check(home.path('other'))).toMatchObject({ code: 0, stdout: 'valid: 0 rules in 1 file\n' });
});

test('--url checks the rules of the daemon there', async () => {
  const token = (await readFile(home.path('state', 'token'), 'utf8')).trim();
  const there = ['--url', `http://${home.address}`, '--token', token];
  expect(await check(...there)).toEqual({
    code: 0,
    stdout: `valid: 1 rule in 1 file, checked by the daemon at http://${home.address} on ${home.path('rules')}, pid ${home.pid}\n`,
    stderr: '',
  });
  expect(await check(...there, 'rules')).toMatchObject({ code: 2, stderr: expect.stringContaining('leave one') });
  expect(await check(...there, '--offline')).toMatchObject({ code: 2, stderr: expect.stringContaining('exclude') });
  expect(await check('--url', 'http://127.0.0.1:1')).toMatchObject({ code: 69, stdout: '' });
});

test('explain asks the daemon, and without it says that the rules need secrets', async () => {
  await writeFile(home.path('event.json'), '{"type":"disk.full"}');
  const explain = (...args: string[]) => home.belfry(['explain', ...args]);
  expect(await explain('event.json')).toMatchObject({ code: 0, stderr: '' });
  expect(await explain('event.json', '--offline')).toMatchObject({
    code: 78,
    stderr: expect.stringContaining('NEEDED'),
  });
  expect(await explain('0198-no-event', '--offline')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--offline'),
  });
  await home.stop();
  expect(await explain('0198-no-event')).toMatchObject({ code: 69, stderr: expect.stringContaining('Tried:') });
});

test('dead letters and channels are listed without the daemon, too', async () => {
  expect(await home.belfry(['dead', 'list', '--offline'])).toMatchObject({ code: 0, stdout: 'no dead letters\n' });
  await home.stop();
  expect(await home.belfry(['dead', 'list'])).toMatchObject({ code: 0, stdout: 'no dead letters\n' });
  const env = { NEEDED: SECRET };
  expect(await home.belfry(['channel', 'list', '--json'], { env })).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\{"name":"ops","type":"webhook","state":"ok"/),
  });
});
