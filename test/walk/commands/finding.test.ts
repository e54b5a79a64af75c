import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chown,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home } from '../../support/daemon.ts';

const RULES = `
channels: { out: { type: log } }
rules: [{ name: any, on: api, message: { title: "{{ type }}" }, notify: out }]
`;

let home: Home;
const others: Home[] = [];

beforeEach(async () => {
  home = await Home.make();
});
afterEach(async () => {
  for (const one of [home, ...others.splice(0)]) await one.close();
});

/** Another home, whose daemons write their record to the runtime folder of the first. */
async function neighbour(): Promise<Home> {
  const other = await Home.make();
  others.push(other);
  other.env.RUNTIME_DIRECTORY = home.path('run');
  return other;
}

/** Waits until the daemon of that home has accepted the event of this type. */
const took = (at: Home, type: string): Promise<unknown> => at.logged((line) => line.msg === type);
const record = async (...parts: string[]): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(path.join(...parts), 'utf8')) as Record<string, unknown>;

test('a running daemon has belfry.json in the runtime folder and its state, and removes it when it stops', async () => {
  await home.rules(RULES);
  await home.start();
  const expected = {
    pid: home.pid,
    config: home.path('rules'),
    state: home.path('state'),
    socket: home.path('run', 'belfry.sock'),
    listen: home.address,
  };
  expect(await record(home.path('run', 'belfry.json'))).toEqual(expected);
  expect(await record(home.path('state', 'belfry.json'))).toEqual(expected);
  await home.stop();
  expect([await readdir(home.path('run')), existsSync(home.path('state', 'belfry.json'))]).toEqual([[], false]);
});

test('where no daemon is found, the error says whether the rules are missing, do not load, or were never run', async () => {
  const emitted = async (): Promise<string> => (await home.belfry(['emit', 'a'])).stderr;
  await rm(home.path('rules'), { recursive: true, force: true });
  expect(await emitted()).toMatch(/rules: there is no such file or directory\nnothing was kept: .*--config/);
  await mkdir(home.path('rules'));
  await home.rules('daemon: [');
  expect(await emitted()).toMatch(/rules: it does not load now.*\nnothing was kept: .*whether a daemon has run/);
  await home.rules(RULES);
  expect(await emitted()).toContain('nothing was kept: no daemon has run on these rules');
});

test('the socket lies in the runtime folder, with a link to it in the state directory', async () => {
  await home.rules(RULES);
  await home.start();
  expect((await stat(home.path('run', 'belfry.sock'))).mode & 0o777).toBe(0o660);
  expect(await readlink(home.path('state', 'belfry.sock'))).toBe(home.path('run', 'belfry.sock'));
  await home.kill();
  // The link of a killed daemon is replaced by a socket where no runtime folder is given.
  home.env.RUNTIME_DIRECTORY = '';
  home.env.XDG_RUNTIME_DIR = home.path('user');
  await home.start();
  expect((await lstat(home.path('state', 'belfry.sock'))).isSocket()).toBe(true);
  await home.kill();
  home.env.RUNTIME_DIRECTORY = home.path('run');
  await home.start();
  expect(await readlink(home.path('state', 'belfry.sock'))).toBe(home.path('run', 'belfry.sock'));
  await home.stop();
  for (const folder of ['run', 'state']) expect(await readdir(home.path(folder))).not.toContain('belfry.sock');
});

test('the state directory of a stopped service is found by its last rules, also without its environment', async () => {
  const state = home.path('config', 'belfry');
  await home.rules(`daemon: { listen: "127.0.0.1:0", log: { format: json } }\n${RULES}`, 'service.yaml');
  home.env.XDG_CONFIG_HOME = home.path('config');
  const unfound = await home.belfry(['audit']);
  expect(unfound).toMatchObject({ code: 69, stderr: expect.stringContaining(`looked in ${home.path('.local')}`) });
  expect(unfound.stderr).toContain('`daemon.state` in the rules or $STATE_DIRECTORY');
  const started = home.spawn(['run', '--config', home.path('rules')], { STATE_DIRECTORY: state });
  await home.logged((line) => line.msg === 'ready');
  started.kill('SIGTERM');
  await once(started, 'exit');
  expect(await home.belfry(['emit', 'kept'])).toMatchObject({ code: 0, stderr: expect.stringContaining(state) });
  expect(await readdir(path.join(state, 'inbox'))).toHaveLength(1);
  expect(await home.belfry(['audit', '--json'])).toMatchObject({ code: 0, stdout: expect.stringContaining('[]') });
  expect((await home.belfry(['dead', 'list'])).code).toBe(0);
});

test('a runtime folder that cannot be used leaves the socket in the state directory', async () => {
  await home.rules(RULES);
  await writeFile(home.path('run'), '');
  await home.start();
  expect((await lstat(home.path('state', 'belfry.sock'))).isSocket()).toBe(true);
  await home.logged((line) => line.msg.includes('$RUNTIME_DIRECTORY cannot be used'));
});

test('a FIFO in place of a record or of last-config blocks no command', async () => {
  await home.rules(RULES);
  await mkdir(home.path('run'));
  await mkdir(home.path('state'));
  for (const file of [home.path('run', 'belfry.json'), home.path('state', 'last-config')])
    execFileSync('mkfifo', [file]);
  expect(await home.belfry(['emit', 'a'])).toMatchObject({
    code: 69,
    stderr: expect.stringContaining('nothing was kept') as string,
  });
});

test('without a runtime folder of its own a daemon uses the one of the user', async () => {
  home.env.RUNTIME_DIRECTORY = '';
  home.env.XDG_RUNTIME_DIR = home.path('user');
  await home.rules(RULES);
  // Root may write to the one of the system.
  if (process.getuid?.() === 0) {
    home.user = 65534;
    await chown(home.folder, home.user, home.user);
  }
  await home.start();
  expect((await record(home.path('user', 'belfry', 'belfry.json'))).pid).toBe(home.pid);
});

test('the daemon is found when the rules do not parse, or need secrets that the caller lacks', async () => {
  home.env.NEEDED = 'only-the-daemon-has-it';
  await home.rules(
    `${RULES}sources: { hook: { type: webhook, path: /hooks/x, verify: { bearer: "\${env:NEEDED}" } } }\n`,
  );
  await home.start();
  delete home.env.NEEDED;
  await home.rules('rules: [{ name: "half a rule\n');
  expect(await home.belfry(['emit', 'while.broken'])).toMatchObject({ code: 0, stderr: '' });
  await took(home, 'while.broken');
  expect(existsSync(home.path('state', 'inbox'))).toBe(false);
  expect((await home.belfry(['status'])).code).toBe(0);
});

test('daemons that share a runtime folder are found by their rules, also while these do not parse', async () => {
  const second = await neighbour();
  await home.rules(RULES);
  await second.rules(RULES);
  await home.start();
  await second.start();
  expect((await record(home.path('run', 'belfry.json'))).pid).toBe(second.pid);
  await home.rules('rules: [{\n');
  for (const one of [home, second]) expect((await one.belfry(['emit', `for.${one.pid}`])).code).toBe(0);
  for (const one of [home, second]) await took(one, `for.${one.pid}`);
  await second.stop();
  expect((await home.belfry(['emit', 'after'])).code).toBe(0);
  await took(home, 'after');
});

test('a stopping daemon removes its own record only', async () => {
  const second = await neighbour();
  await home.rules(RULES);
  await second.rules(RULES);
  await home.start();
  await second.start();
  await home.stop();
  expect((await record(home.path('run', 'belfry.json'))).pid).toBe(second.pid);
  expect((await second.belfry(['status'])).code).toBe(0);
});

test('an outdated record is ignored', async () => {
  await home.rules(RULES, 'rules.yaml', `  socket: ${home.path('shared.sock')}\n`);
  await home.start();
  await home.kill();
  const stale = await record(home.path('run', 'belfry.json'));
  // The process is gone, so the connection is refused.
  expect(await home.belfry(['status'])).toMatchObject({
    code: 69,
    stderr: expect.stringContaining('no program listens there'),
  });
  // The number of the process is somebody else's.
  await writeFile(home.path('run', 'belfry.json'), JSON.stringify({ ...stale, pid: process.pid }));
  expect((await home.belfry(['status'])).code).toBe(69);
  // A daemon on other rules listens there now.
  const second = await neighbour();
  second.env.RUNTIME_DIRECTORY = second.path('run');
  await second.rules(RULES, 'rules.yaml', `  socket: ${home.path('shared.sock')}\n`);
  const started = second.spawn(['run', '--config', second.path('rules')]);
  await second.logged((line) => line.msg === 'ready');
  const emitted = await home.belfry(['emit', 'not.for.you']);
  expect(emitted).toMatchObject({ code: 0, stderr: expect.stringContaining('waits in') });
  const asked = await home.belfry(['status']);
  expect(asked).toMatchObject({ code: 69, stderr: expect.stringContaining(`runs on ${second.path('rules')}`) });
  started.kill('SIGTERM');
  await once(started, 'exit');
  expect(second.output).not.toContain('not.for.you');
});

test('an invalid record is ignored', async () => {
  await home.rules(RULES);
  await home.start();
  for (const text of ['', '{', '[]', '{"pid":1}', '{"config":1,"pid":1,"state":1,"socket":1,"listen":1}']) {
    for (const name of await readdir(home.path('run')))
      if (name.endsWith('.json')) await writeFile(home.path('run', name), text);
    await writeFile(home.path('state', 'belfry.json'), text);
    expect((await home.belfry(['status'])).code).toBe(0);
  }
});

test('no event is kept for rules on which no daemon has run, and the tried places are named', async () => {
  await home.rules(RULES);
  const { code, stderr } = await home.belfry(['emit', 'lost']);
  expect(code).toBe(69);
  for (const place of [home.path('run', 'belfry.json'), home.path('state', 'belfry.sock'), home.path('rules')])
    expect(stderr).toContain(place);
  expect(stderr).toContain('nothing was kept');
  expect(existsSync(home.path('state'))).toBe(false);
});

test('an event is left for a daemon that has run on these rules, by any path to them', async () => {
  await home.rules(RULES);
  await home.start();
  await home.stop();
  expect((await home.belfry(['emit', 'first'])).code).toBe(0);
  expect(await readdir(home.path('state', 'inbox'))).toHaveLength(1);
  // The same state directory, but other rules: their daemon has never run.
  await mkdir(home.path('other'));
  await copyFile(home.path('rules', 'rules.yaml'), home.path('other', 'rules.yaml'));
  const child = home.spawn(['emit', 'second', '--config', home.path('other')]);
  expect((await once(child, 'exit'))[0]).toBe(69);
  expect(await readdir(home.path('state', 'inbox'))).toHaveLength(1);
  await home.start();
  await took(home, 'first');
});

test('no event is left in a state directory that the rules no longer name', async () => {
  await home.rules(RULES);
  await home.start();
  await home.stop();
  await home.rules(RULES.replace('channels', `daemon: { state: elsewhere }\nchannels`), 'rules.yaml.new');
  await rename(home.path('rules', 'rules.yaml.new'), home.path('rules', 'rules.yaml'));
  expect((await home.belfry(['emit', 'x'])).code).toBe(69);
  expect(existsSync(home.path('state', 'inbox'))).toBe(false);
  await home.rules('rules: [{\n');
  expect((await home.belfry(['emit', 'x'])).code).toBe(69);
});

test('paths in rules mean the same wherever the daemon and the command line are started', async () => {
  await mkdir(home.path('rules', 'in'));
  await mkdir(home.path('elsewhere'));
  await copyFile(path.resolve(import.meta.dirname, '../../../assets/icon.png'), home.path('rules', 'icon.png'));
  await writeFile(home.path('rules', 'hook.sh'), '#!/bin/sh\npwd\necho ran > ran.txt\n', { mode: 0o755 });
  await writeFile(
    home.path('rules', 'places.yaml'),
    `daemon: { state: ../state, listen: "127.0.0.1:0", log: { format: json } }
sources: { inbox: { type: files, paths: in/*, settle: 10ms, ignore: ["old/", "./skip.txt"] } }
channels:
  out: { type: file, path: out/x.jsonl }
  hook: { type: command, run: [./hook.sh] }
  screen: { type: desktop, icon: icon.png }
  log: { type: log }
rules:
  - { name: any, on: api, notify: [out, hook, log] }
  - { name: file, on: inbox, message: { title: "file {{ data.name }}" }, notify: log }
  - { name: never, match: { type: never }, notify: screen }
`,
  );
  home.cwd = '/';
  await home.start();
  const emitted = await home.belfry(['emit', 'x', '--wait', '--json'], { cwd: home.path('elsewhere') });
  expect(JSON.parse(emitted.stdout)).toMatchObject({
    deliveries: [{ state: 'delivered' }, { state: 'delivered', receipt: { answer: home.path('rules') } }, {}],
  });
  await writeFile(home.path('rules', 'in', 'skip.txt'), 'x');
  await writeFile(home.path('rules', 'in', 'note.txt'), 'x');
  await home.logged((line) => line.msg === 'file note.txt');
  expect(home.output).not.toContain('skip.txt');
  expect((await readdir(home.path('rules'))).sort()).toEqual(
    ['icon.png', 'hook.sh', 'in', 'out', 'places.yaml', 'ran.txt'].sort(),
  );
  expect(existsSync(home.path('state', 'belfry.db'))).toBe(true);
  expect(await readdir(home.path('elsewhere'))).toEqual([]);
  expect((await home.belfry(['check'], { cwd: home.path('elsewhere') })).code).toBe(0);
});

test('a second daemon on the socket of the first is refused without harm', async () => {
  const socket = home.path('shared.sock');
  await home.rules(RULES, 'rules.yaml', `  socket: ${socket}\n`);
  await home.start();
  const second = await neighbour();
  await second.rules(RULES, 'rules.yaml', `  socket: ${socket}\n`);
  const started = second.spawn(['run', '--config', second.path('rules')]);
  expect((await once(started, 'exit'))[0]).toBe(75);
  expect(second.output).toContain(`another program listens on the socket ${socket}`);
  expect((await home.belfry(['emit', 'mine'])).code).toBe(0);
  await took(home, 'mine');
  await home.kill();
  expect(existsSync(socket)).toBe(true);
  const again = second.spawn(['run', '--config', second.path('rules')]);
  await second.logged((line) => line.msg === 'ready');
  again.kill('SIGTERM');
  await once(again, 'exit');
  expect(existsSync(socket)).toBe(false);
});
