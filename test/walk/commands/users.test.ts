import { once } from 'node:events';
import { chmod, chown, lstat, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Home, type RunUser } from '../../support/daemon.ts';
import { openReceiver, type Receiver } from '../../support/receiver.ts';

/** Users by number: no account is made for them. */
const SERVICE: RunUser = { uid: 61_001, gid: 61_001 };
const OPERATORS = 61_010;
const OPERATOR: RunUser = { uid: 61_002, gid: 61_002, groups: [OPERATORS] };
const STRANGER: RunUser = { uid: 61_003, gid: 61_003 };
const isRoot = process.geteuid?.() === 0;

let home: Home;
let receiver: Receiver;

/** Folder in which the daemon of the service's user runs; its state is closed to all others. */
beforeEach(async () => {
  home = await Home.make();
  receiver = await openReceiver();
  if (!isRoot) return;
  await chmod(home.folder, 0o755);
  for (const folder of ['state', 'run']) {
    await mkdir(home.path(folder), { mode: folder === 'state' ? 0o700 : 0o755 });
    await chown(home.path(folder), SERVICE.uid, SERVICE.gid);
  }
  home.user = SERVICE.uid;
  await home.rules(rules());
});
afterEach(async () => {
  await home.close();
  await receiver.close();
});

const rules = (): string => `
channels: { ops: { type: webhook, url: "${receiver.origin}/ops" } }
rules: [{ name: any, on: api, message: { title: "{{ type }}" }, notify: ops }]
`;

/** Files of the state directory that another user than the service's owns. */
async function foreign(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir(home.path('state'), { recursive: true }))
    if ((await lstat(home.path('state', name))).uid !== SERVICE.uid) found.push(name);
  return found;
}

/** A stopped daemon with this number of dead letters. */
async function stoppedWithDeadLetters(count: number): Promise<readonly string[]> {
  receiver.statuses.set('ops', 410);
  await home.start();
  for (let number = 0; number < count; number += 1) await home.call('POST', '/v1/events', { type: `dead.${number}` });
  await expect.poll(async () => (await home.deadLetters()).length).toBe(count);
  receiver.statuses.delete('ops');
  await home.stop();
  return (await home.deadLetters()).map(({ id }) => String(id));
}

test.skipIf(!isRoot)('an event that root leaves for a stopped daemon is read by it (needs root)', async () => {
  await home.start();
  await home.stop();
  expect(await home.belfry(['emit', 'from.root'])).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('waits in'),
  });
  expect([await readdir(home.path('state', 'inbox')), await foreign()]).toEqual([[expect.any(String)], []]);
  await home.start();
  await receiver.until(({ title }) => title === 'from.root');
  expect(await readdir(home.path('state', 'inbox'))).toEqual([]);
});

test.skipIf(!isRoot)('commands of root on a stopped daemon leave no file of root (needs root)', async () => {
  const [first, second, third] = await stoppedWithDeadLetters(3);
  expect((await home.belfry(['dead', 'list', '--json'])).stdout.trim().split('\n')).toHaveLength(3);
  expect((await home.belfry(['dead', 'show', first!])).code).toBe(0);
  expect((await home.belfry(['dead', 'drop', first!, '--yes'])).code).toBe(0);
  expect((await home.belfry(['dead', 'resend', second!, '--yes'])).code).toBe(0);
  expect((await home.belfry(['audit'])).code).toBe(0);
  expect(await foreign()).toEqual([]);
  await home.start();
  expect((await home.deadLetters()).map(({ id }) => id)).toEqual([third]);
  expect((await home.call('POST', '/v1/events', { type: 'after' })).status).toBe(202);
});

test.skipIf(!isRoot)(
  'a user who may not read the state of a stopped daemon learns whose it is (needs root)',
  async () => {
    await stoppedWithDeadLetters(1);
    const user = STRANGER;
    for (const args of [['audit'], ['dead', 'list'], ['dead', 'resend', '--all', '--yes']])
      expect(await home.belfry(args, { user })).toEqual({
        code: 78,
        stdout: '',
        stderr: `belfry: the state directory ${home.path('state')} belongs to the user with the number 61001 and cannot be used by the user with the number 61003; run the command as that user (\`sudo -u '#61001' belfry ...\`) or as root, or start the daemon, which answers the users of its socket\n`,
      });
    expect(await home.belfry(['emit', 'lost'], { user })).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('nothing was kept: the state directory'),
    });
  },
);

test.skipIf(!isRoot)(
  'a stranger learns first whose socket is closed, and that the rules are (needs root)',
  async () => {
    await chown(home.path('rules'), SERVICE.uid, SERVICE.gid);
    await chmod(home.path('rules'), 0o750);
    await home.start();
    const status = await home.belfry(['status'], { user: STRANGER });
    expect([status.code, status.stderr.split('\n')[0]]).toEqual([
      69,
      expect.stringMatching(/^belfry: the daemon cannot be reached: \S+ names \S+: permission denied: /),
    ]);
    expect(await home.belfry(['test'], { user: STRANGER })).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('cannot be read (EACCES); run this as a user who may read it'),
    });
    const checked = await home.belfry(['check'], { user: STRANGER });
    expect([checked.code, checked.stdout]).toEqual([78, expect.stringContaining('`chmod g+rx`')]);
  },
);

test.skipIf(!isRoot)('a user with rules of their own reads nothing of the closed service (needs root)', async () => {
  await home.start();
  const own = home.path('own');
  await mkdir(own);
  await writeFile(
    `${own}/rules.yaml`,
    'rules: [{ name: any, on: api, notify: out }]\nchannels: { out: { type: log } }\n',
  );
  // A folder of service states, as `/var/lib/belfry` is one.
  await mkdir(home.path('services'));
  await symlink(home.path('state'), home.path('services', 'belfry'));
  const env = { XDG_CONFIG_HOME: home.path('services') };
  const belfry = (...args: string[]) => home.belfry(args, { user: STRANGER, env, config: own });
  expect(await belfry('check', own)).toMatchObject({ code: 0, stderr: '' });
  const emitted = await belfry('emit', 'own');
  expect([emitted.code, emitted.stderr]).toEqual([69, expect.stringContaining('no daemon has run on these rules')]);
  expect(emitted.stderr).toContain(`a daemon that runs on ${home.path('rules')} uses this folder`);
});

test.skipIf(!isRoot)(
  'an event and an inbox that the daemon may not read are reported everywhere (needs root)',
  async () => {
    const inbox = home.path('state', 'inbox');
    await mkdir(inbox);
    await chown(inbox, SERVICE.uid, SERVICE.gid);
    await writeFile(`${inbox}/a.json`, '{"id":"a","type":"a"}', { mode: 0o600 });
    const reported = async (trouble: string): Promise<void> => {
      await home.logged((line) => line.level === 'error' && line.msg === trouble);
      expect(await home.call('GET', '/readyz')).toMatchObject({
        status: 200,
        body: { ready: true, reasons: [trouble] },
      });
      expect(await home.belfry(['audit', '--json'])).toMatchObject({
        code: 1,
        stdout: expect.stringContaining('a.json'),
      });
    };
    await home.start();
    await reported(`inbox: ${inbox}/a.json: it cannot be read (EACCES); correct that, or move it away`);
    await chown(inbox, 0, 0);
    await chmod(inbox, 0o700);
    const trouble = `inbox: ${inbox}: it cannot be read (EACCES); correct that`;
    await home.logged((line) => line.level === 'error' && line.msg === trouble);
    expect((await home.call<{ reasons: string[] }>('GET', '/readyz')).body.reasons).toEqual([trouble]);
    await chown(inbox, SERVICE.uid, SERVICE.gid);
    await chown(`${inbox}/a.json`, SERVICE.uid, SERVICE.gid);
    await home.logged((line) => line.msg === 'inbox: all files can be read again');
  },
);

/** Rules with a secret that only the daemon has, and this line among the settings of the daemon. */
const secretRules = (setting: string): Promise<void> =>
  home.rules(
    `${rules()}sources: { hook: { type: webhook, path: /hooks/x, verify: { bearer: "\${env:NEEDED}" } } }\n`,
    'rules.yaml',
    `  ${setting}\n`,
  );

test.skipIf(!isRoot)(
  'operators of the socket group use a daemon whose state is closed to them (needs root)',
  async () => {
    await chmod(home.path('run'), 0o700);
    home.groups = [OPERATORS];
    home.env.NEEDED = 'only-the-daemon-has-it';
    await secretRules(`socket_group: ${OPERATORS}`);
    receiver.statuses.set('ops', 410);
    await home.start();
    delete home.env.NEEDED;
    expect(await stat(home.path('run', 'belfry.sock'))).toMatchObject({ uid: SERVICE.uid, gid: OPERATORS });
    expect((await stat(home.path('run'))).mode & 0o777).toBe(0o710);
    const as = (user: RunUser | undefined, ...args: string[]) =>
      home.belfry(args, { ...(user !== undefined && { user }) });
    for (const user of [OPERATOR, SERVICE, undefined])
      expect(await as(user, 'emit', 'an.event')).toMatchObject({ code: 0, stderr: '' });
    await expect.poll(async () => (await home.deadLetters()).length).toBe(3);
    receiver.statuses.delete('ops');
    const [first] = (await home.deadLetters()).map(({ id }) => String(id));
    expect((await as(OPERATOR, 'dead', 'list', '--json')).stdout.trim().split('\n')).toHaveLength(3);
    for (const args of [['status'], ['channel', 'list'], ['dead', 'show', first!], ['audit']])
      expect(await as(OPERATOR, ...args)).toMatchObject({ code: 0, stderr: '' });
    expect(await as(OPERATOR, 'dead', 'resend', first!, '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect((await as(OPERATOR, 'check')).stdout).toBe(
      `valid: 1 rule in 1 file, checked by the daemon, pid ${home.pid}\n`,
    );
    const join = expect.stringContaining(`join group ${OPERATORS} (`) as string;
    for (const [code, ...args] of [
      [69, 'status'],
      [69, 'emit', 'x'],
      [78, 'dead', 'list'],
      [78, 'check'],
    ] as const)
      expect(await as(STRANGER, ...args)).toMatchObject({ code, stderr: join });

    await home.stop();
    for (const user of [OPERATOR, STRANGER]) {
      expect(await as(user, 'dead', 'list')).toMatchObject({ code: 78, stderr: expect.stringContaining('belongs to') });
      expect(await as(user, 'emit', 'x')).toMatchObject({
        code: 69,
        stderr: expect.stringContaining('nothing was kept'),
      });
    }
    expect(await as(undefined, 'emit', 'from.root')).toMatchObject({ code: 0 });
    expect(await as(SERVICE, 'emit', 'from.service')).toMatchObject({ code: 0 });
    expect((await as(undefined, 'dead', 'list', '--json')).stdout.trim().split('\n')).toHaveLength(2);
    expect((await as(SERVICE, 'dead', 'list', '--json')).stdout.trim().split('\n')).toHaveLength(2);

    home.env.NEEDED = 'only-the-daemon-has-it';
    await home.start();
    await receiver.until(({ title }) => title === 'from.root');
    await receiver.until(({ title }) => title === 'from.service');
    expect(await as(OPERATOR, 'dead', 'resend', '--all', '--yes')).toMatchObject({ code: 0, stderr: '' });
    expect(await as(OPERATOR, 'audit')).toMatchObject({ code: 0, stderr: '' });
    expect(await foreign()).toEqual([]);
  },
);

test.skipIf(!isRoot)(
  'a socket group that cannot be used stops the start and says what to do (needs root)',
  async () => {
    const startWith = async (group: string): Promise<{ code: number; said: string }> => {
      await home.rules(rules(), 'rules.yaml', `  socket_group: ${group}\n`);
      home.output = '';
      const child = home.spawn(['run', '--config', home.path('rules')]);
      const [code] = (await once(child, 'close')) as [number];
      return { code, said: home.output };
    };
    expect(await startWith('no-such-group')).toEqual({
      code: 78,
      said: expect.stringContaining('there is no group `no-such-group` on this machine'),
    });
    expect(await startWith(String(OPERATORS))).toEqual({
      code: 78,
      said: expect.stringContaining(`Group=${OPERATORS}`),
    });
    home.groups = [OPERATORS];
    await home.start();
  },
);
