import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runCommand, testTerminal } from '../../../support/command-line.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

/** Runs a verb as root, or as another user, with an empty home. */
async function service(args: string, { uid = 0 } = {}) {
  const home = await temporaryFolder();
  const terminal = testTerminal({ uid, env: { HOME: home, PATH: process.env.PATH } });
  return { home, ...(await runCommand(terminal, ['service', ...args.split(' ')])) };
}

/** Text of a step that `--dry-run --json` prints. */
const steps = (json: readonly unknown[]): readonly string[] => json.map((line) => (line as { step: string }).step);

test('a dry run for a daemon of launchd names each step and each command, and carries out none', async () => {
  const { code, json } = await service('install --for launchd --dry-run --json');
  expect(code).toBe(0);
  expect(json[0]).toEqual({ step: 'create the group _belfry', done: false });
  expect(steps(json).slice(1, 2)).toEqual(['create the user _belfry']);
  expect(steps(json).slice(-6)).toEqual([
    'check the rules in /etc/belfry as _belfry',
    'write /Library/LaunchDaemons/io.github.belfry.plist',
    'launchctl enable system/io.github.belfry',
    'launchctl bootstrap system /Library/LaunchDaemons/io.github.belfry.plist',
    'launchctl kickstart system/io.github.belfry',
    'wait until the daemon is ready',
  ]);
});

test('a dry run for an agent of launchd needs no root and stays in the home of its user', async () => {
  const { code, home, json } = await service('install --for launchd --user --dry-run --json', { uid: 501 });
  expect(code).toBe(0);
  expect(steps(json)).toEqual([
    `write starter rules to ${path.join(home, '.config/belfry')}`,
    `create the folder ${path.join(home, '.local/state/belfry')}`,
    `create the folder ${path.join(home, '.local/state/belfry/run')}`,
    `create the folder ${path.join(home, 'Library/Logs/belfry')}`,
    `check the rules in ${path.join(home, '.config/belfry')}`,
    `write ${path.join(home, 'Library/LaunchAgents/io.github.belfry.plist')}`,
    'launchctl enable gui/501/io.github.belfry',
    `launchctl bootstrap gui/501 ${path.join(home, 'Library/LaunchAgents/io.github.belfry.plist')}`,
    'launchctl kickstart gui/501/io.github.belfry',
    'wait until the daemon is ready',
  ]);
});

test.each([
  ['install --user --user-name ann', '--user-name is for a service of the machine'],
  ['print --user --socket-group ops', '--socket-group is for a service of the machine'],
  ['print --for launchd --socket-group ops', '--socket-group is for systemd'],
  [`status --for ${process.platform === 'darwin' ? 'systemd' : 'launchd'}`, 'does not run on this system'],
  [`install --for ${process.platform === 'darwin' ? 'systemd' : 'launchd'}`, 'does not run on this system'],
])('%s is wrong usage', async (args, message) => {
  const { code, stderr } = await service(args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});

test('a service of the machine is refused to other users, with what they can do', async () => {
  const { code, stderr } = await service('uninstall --dry-run --for launchd', { uid: 501 });
  expect([code, stderr]).toEqual([1, expect.stringContaining('run it with sudo')]);
});

test('a dry run prints the steps where nothing can be installed, and says why', async () => {
  const { code, stderr, json } = await service('install --dry-run --json --for launchd', { uid: 501 });
  expect([code, stderr]).toEqual([0, expect.stringMatching(/this is a dry run; .*run it with sudo/)]);
  expect(steps(json)).toContain('wait until the daemon is ready');
});

test.skipIf(existsSync('/run/systemd/system') || process.platform !== 'linux')(
  'a dry run prints the steps for systemd also on a machine that runs without it',
  async () => {
    const { code, stderr, stdout } = await service('install --dry-run');
    expect([code, stderr]).toEqual([0, expect.stringContaining('systemd does not run on this machine')]);
    expect(stdout).toContain('would create the system user belfry\n');
    expect(stdout).toContain('would write /etc/systemd/system/belfry.service\n');
    expect((await service('install')).code).toBe(1);
  },
);

test('the unit and the property list are printed for the program that runs and for the rules that are asked for', async () => {
  const unit = await service('print --for systemd --config /srv/rules --user-name ann');
  expect(unit.stdout).toMatch(/^ExecStart=\S+node \S+\/bin\/belfry\.js run --config \/srv\/rules$/m);
  expect(unit.stdout).toContain('\nUser=ann\n');
  const job = await service('print --for launchd --config /srv/rules');
  expect(job.stdout).toContain('<string>/srv/rules</string>');
});
