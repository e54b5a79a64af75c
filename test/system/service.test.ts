import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { copyDebianRoot, INSTALLED, linkBelfry, Machine, removeRoot, whyNoDebianRoot } from '../support/debian-root.ts';

const why = whyNoDebianRoot();
const hasStrace = existsSync('/usr/bin/strace');

/** Mail server that keeps the mails in a file. It runs in the machine, which has no other network than its loopback. */
const MAIL_SERVER = `
const { appendFileSync } = require('node:fs');
const { SMTPServer } = require('node:module').createRequire('/usr/lib/belfry/package.json')('smtp-server');
const onData = (mail, _, done) => { mail.on('data', (text) => appendFileSync('/tmp/mails', text)); mail.on('end', done); };
new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS'], onData }).listen(2525, '127.0.0.1');
`;

const RULES = `
channels:
  program: { type: command, run: [/bin/sh, -c, "id -un > /var/lib/belfry/ran"] }
  mail: { type: email, url: "smtp://127.0.0.1:2525", from: belfry@example.com, to: [ops@example.com] }
  hook: { type: webhook, url: "http://127.0.0.1:9/\${credential:hook}" }
rules:
  - { name: all, match: { type: job.done }, notify: [program, mail] }
`;

/** Everything that an installation makes. */
const MADE =
  '/etc/systemd/system/belfry.service /etc/systemd/system/multi-user.target.wants/belfry.service /var/lib/belfry /var/cache/belfry';

describe.skipIf(why !== undefined)(
  `a service of the machine under systemd${why === undefined ? '' : ` (${why})`}`,
  () => {
    let machine: Machine;
    beforeAll(async () => {
      const root = await copyDebianRoot();
      await linkBelfry(root);
      await writeFile(path.join(root, 'opt/mail-server.cjs'), MAIL_SERVER);
      machine = await Machine.boot(root, INSTALLED);
      await machine.shell('useradd --create-home ada; useradd --create-home bob; mkdir /etc/belfry');
      await save('/etc/belfry/rules.yaml', RULES);
    });
    afterAll(async () => {
      await machine.stop();
      await removeRoot(machine.root);
    });

    const save = async (file: string, text: string): Promise<void> => {
      await mkdir(path.dirname(path.join(machine.root, file)), { recursive: true });
      await writeFile(path.join(machine.root, file), text);
    };
    const belfry = (args: string, user?: string) =>
      machine.run(['belfry', ...args.split(' ')], user === undefined ? {} : { user });
    const property = async (name: string): Promise<string> =>
      (await machine.shell(`systemctl show belfry --value --property=${name}`)).trim();
    const version = async (): Promise<number> => Number(/\d+/.exec(await machine.shell('systemctl --version'))![0]);
    const left = async (): Promise<string> =>
      (await machine.run(['/bin/sh', '-c', `ls -d ${MADE} /run/systemd/system/belfry*; getent passwd belfry`])).stdout;

    test('rules that the service could not read are found before anything starts, and nothing is left', async () => {
      const { code, stderr } = await belfry('service install');
      expect(stderr).toContain('rules.yaml:5:');
      expect(stderr).toContain('set `LoadCredential=` in the systemd unit');
      expect([code, await left()]).toEqual([78, '']);
      expect((await belfry('service status')).code).toBe(3);
    });

    test('a daemon that does not start is undone too, and the log says why', async () => {
      await machine.shell(
        'systemd-run --unit=port node -e \'require("http").createServer().listen(8765, "127.0.0.1")\'',
      );
      await expect.poll(async () => (await machine.shell('cat /proc/net/tcp')).includes(':223D ')).toBe(true);
      const { code, stderr } = await belfry('service install --config /srv/rules');
      await machine.shell('systemctl stop port');
      expect(stderr).toContain('127.0.0.1:8765 is in use by another program');
      expect(stderr).toContain('Everything that was changed before is as it was.');
      expect([code, await left(), existsSync(path.join(machine.root, 'srv/rules'))]).toEqual([1, '', false]);
    });

    test('an installation ends with a daemon that is ready, with its own user and closed directories', async () => {
      await save('/etc/hook', 'token-1\n');
      await machine.shell('chmod 600 /etc/hook');
      await save('/etc/systemd/system/belfry.service.d/hook.conf', '[Service]\nLoadCredential=hook:/etc/hook\n');
      const { code, stdout, stderr } = await belfry('service install');
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toContain('the daemon runs and is ready');
      const status = await belfry('service status --json');
      expect([status.code, JSON.parse(status.stdout)]).toEqual([
        0,
        {
          installed: true,
          enabled: true,
          active: true,
          unit: '/etc/systemd/system/belfry.service',
          user: 'belfry',
          config: '/etc/belfry',
          state: '/var/lib/belfry',
        },
      ]);
      expect(
        await machine.shell('stat -c "%a %U:%G" /var/lib/belfry /var/cache/belfry /run/belfry /run/belfry/belfry.sock'),
      ).toBe('700 belfry:belfry\n700 belfry:belfry\n755 belfry:belfry\n660 belfry:belfry\n');
      expect(await property('Type')).toBe((await version()) >= 253 ? 'notify-reload' : 'notify');
    });

    test('systemd finds no fault in the unit, and rates its exposure at most 1.5', async () => {
      expect(await machine.shell('systemd-analyze verify /etc/systemd/system/belfry.service 2>&1')).toBe('');
      const report = await machine.shell('systemd-analyze security belfry --no-pager');
      expect(Number(/exposure level for \S+: ([\d.]+)/.exec(report)![1])).toBeLessThanOrEqual(1.5);
    });

    test('a member of the group sends by a program and by mail; the refusal of another user names the group to join', async () => {
      await machine.shell('usermod -aG belfry ada; systemd-run --unit=mail node /opt/mail-server.cjs');
      await expect.poll(async () => (await machine.shell('cat /proc/net/tcp')).includes(':09DD ')).toBe(true);
      const { code, stdout } = await belfry('emit job.done --wait', 'ada');
      expect([code, stdout]).toEqual([0, expect.stringMatching(/program: delivered\n\s+mail: delivered\n/)]);
      expect(await machine.shell('cat /var/lib/belfry/ran')).toBe('belfry\n');
      expect(await machine.shell('cat /tmp/mails')).toContain('Subject: job.done (api)');
      const refused = await belfry('emit job.done', 'bob');
      expect([refused.code, refused.stderr]).toEqual([69, expect.stringContaining('join group belfry')]);
    });

    test('a reload applies good rules, and fails for rejected ones, which the state of the unit names', async () => {
      await save('/etc/belfry/more.yaml', 'rules: [{ name: more, match: { type: more }, notify: program }]');
      await machine.shell('systemctl reload belfry');
      expect(JSON.parse((await belfry('status --json')).stdout)).toMatchObject({ generation: 2 });
      await save('/etc/belfry/more.yaml', 'rules: [{ name: more, notify: nobody }]');
      expect((await machine.run(['systemctl', 'reload', 'belfry'])).code).toBe(1);
      expect(await property('StatusText')).toBe('generation 2; the last reload was rejected, see belfry check');
      expect(await property('ActiveState')).toBe('active');
    });

    test('an update whose rules do not load is refused, and the earlier daemon goes on', async () => {
      const pid = await property('MainPID');
      const { code, stderr } = await belfry('service install');
      expect([code, stderr]).toEqual([78, expect.stringContaining('more.yaml:1:')]);
      expect([await property('ActiveState'), await property('MainPID')]).toEqual(['active', pid]);
      await machine.shell('rm /etc/belfry/more.yaml');
      expect((await belfry('service install')).code).toBe(0);
      expect(await property('MainPID')).not.toBe(pid);
    });

    test('an update is checked with the credentials and the group of the new unit, not by the daemon that runs', async () => {
      const dropIns = '/etc/systemd/system/belfry.service.d';
      await save(
        '/etc/belfry/other.yaml',
        'channels: { other: { type: webhook, url: "http://127.0.0.1:9/${credential:other}" } }',
      );
      await save('/etc/other', 'token-2');
      await save(`${dropIns}/other.conf`, '[Service]\nLoadCredential=other:/etc/other\n');
      expect(await belfry('service install')).toMatchObject({ code: 0, stderr: '' });
      await save(`${dropIns}/group.conf`, '[Service]\nGroup=nogroup\n');
      await machine.shell('chgrp belfry /etc/belfry; chmod 750 /etc/belfry');
      expect(await belfry('service install')).toMatchObject({
        code: 78,
        stderr: expect.stringContaining('this directory cannot be read'),
      });
      await machine.shell(`rm ${dropIns}/group.conf ${dropIns}/other.conf /etc/belfry/other.yaml`);
      expect((await belfry('service install')).code).toBe(0);
      // The group of a drop-in is not that of the unit.
      expect(await property('Group')).toBe('belfry');
    });

    test('while it is stopped, root leaves an event in its inbox, and copies its state', async () => {
      await machine.shell('systemctl stop belfry; rm /var/lib/belfry/ran');
      expect((await belfry('emit job.done --id from-root')).code).toBe(0);
      expect((await belfry('backup /root/stopped.tar')).code).toBe(0);
      await machine.shell('mv /var/lib/belfry /var/lib/before; install -d -o belfry -g belfry -m 700 /var/lib/belfry');
      expect(await belfry('restore /root/stopped.tar --state /var/lib/belfry')).toMatchObject({ code: 0, stderr: '' });
      await machine.shell('rm -r /var/lib/before; systemctl start belfry');
      await expect.poll(async () => (await belfry('events from-root')).code).toBe(0);
      expect((await belfry('audit')).code).toBe(0);
    });

    test('a daemon that is killed is started again; one that is stopped ends with 0 and stays down', async () => {
      await machine.shell('systemctl kill --signal=KILL --kill-whom=main belfry');
      await expect.poll(() => property('NRestarts'), { timeout: 30_000 }).toBe('1');
      await expect.poll(() => property('ActiveState'), { timeout: 30_000 }).toBe('active');
      await machine.shell('systemctl stop belfry');
      expect([await property('ActiveState'), await property('Result'), await property('ExecMainStatus')]).toEqual([
        'inactive',
        'success',
        '0',
      ]);
      expect((await belfry('service status')).code).toBe(1);
    });

    test('the watchdog starts a daemon again that hangs, and lets one run that works', async () => {
      await save('/etc/systemd/system/belfry.service.d/watchdog.conf', '[Service]\nWatchdogSec=2\n');
      await machine.shell('systemctl daemon-reload; systemctl start belfry');
      // The fourth message after the start proves that it was fed beyond its timeout.
      const fed = await property('WatchdogTimestampMonotonic');
      await expect
        .poll(async () => Number(await property('WatchdogTimestampMonotonic')) - Number(fed), { timeout: 30_000 })
        .toBeGreaterThan(3_000_000);
      expect(await property('NRestarts')).toBe('0');
      await machine.shell('systemctl kill --signal=STOP --kill-whom=main belfry');
      await expect.poll(() => property('NRestarts'), { timeout: 60_000 }).toBe('1');
      expect(await machine.shell('journalctl -u belfry -o cat')).toContain('Watchdog timeout');
      await expect.poll(() => property('ActiveState'), { timeout: 30_000 }).toBe('active');
    });

    test.skipIf(!hasStrace)(
      `the watchdog starts a daemon again whose disk hangs${hasStrace ? '' : ' (needs strace)'}`,
      async () => {
        const began = (await machine.shell('date +%s')).trim();
        await machine.shell('systemctl restart belfry');
        const pid = await machine.hostPid(Number(await property('MainPID')));
        const inject = '--inject=fdatasync,fsync:delay_enter=600s';
        const strace = spawn('strace', [
          '-f',
          '-qq',
          '-o',
          '/dev/null',
          `--attach=${pid}`,
          '--trace=fdatasync,fsync',
          inject,
        ]);
        onTestFinished(() => void strace.kill('SIGKILL'));
        await expect.poll(() => readFile(`/proc/${pid}/status`, 'utf8')).toMatch(/^TracerPid:\t[1-9]/m);
        const sent = belfry('emit job.done --timeout 60s', 'ada');
        const log = () => machine.shell('journalctl -u belfry -o cat --since=@' + began);
        await expect.poll(log, { timeout: 60_000 }).toContain('Watchdog timeout');
        expect(await log()).toContain('the store has not answered since');
        // A thread that strace holds can end only without it.
        strace.kill('SIGKILL');
        expect(await sent).toMatchObject({ code: 69, stdout: '' });
        await expect.poll(() => property('NRestarts'), { timeout: 60_000 }).toBe('1');
        await expect.poll(() => property('ActiveState'), { timeout: 30_000 }).toBe('active');
      },
    );

    test('a folder in a home is hidden, which the installation says, until a drop-in opens it', async () => {
      await save(
        '/etc/belfry/files.yaml',
        'sources: { inbox: { type: files, paths: /home/ada/inbox } }\nrules: [{ name: seen, on: inbox, notify: program }]',
      );
      await machine.shell('mkdir /home/ada/inbox; chmod 755 /home/ada /home/ada/inbox');
      const { code, stdout } = await belfry('service install');
      expect([code, stdout]).toEqual([0, expect.stringContaining('source inbox: /home/ada/inbox cannot be read')]);
      await save(
        '/etc/systemd/system/belfry.service.d/home.conf',
        '[Service]\nProtectHome=tmpfs\nBindReadOnlyPaths=/home/ada/inbox\n',
      );
      expect((await belfry('service install')).stdout).not.toContain('source inbox');
      await machine.shell('rm /var/lib/belfry/ran; touch /home/ada/inbox/report');
      await expect
        .poll(async () => (await machine.run(['cat', '/var/lib/belfry/ran'])).stdout, { timeout: 30_000 })
        .toBe('belfry\n');
    });

    test('a socket group may use the daemon, and may not read its rules', async () => {
      await machine.shell('groupadd operators; usermod -aG operators bob');
      expect((await belfry('service install --socket-group operators')).code).toBe(0);
      expect((await belfry('status', 'bob')).code).toBe(0);
      // An update without options keeps the group.
      expect((await belfry('service install')).code).toBe(0);
      expect([await property('User'), await property('Group')]).toEqual(['belfry', 'operators']);
      expect((await machine.run(['cat', '/var/lib/belfry/token'], { user: 'bob' })).code).toBe(1);
      expect(await belfry('service install --socket-group nobody-here')).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('there is no group nobody-here'),
      });
    });

    test('an uninstallation keeps state, rules and user; a purge removes them', async () => {
      const { code, stdout } = await belfry('service uninstall');
      expect([code, stdout]).toEqual([
        0,
        expect.stringContaining('the rules in /etc/belfry and the state in /var/lib/belfry stay'),
      ]);
      expect(await machine.shell('ls -d /etc/belfry /var/lib/belfry; id -un belfry')).toBe(
        '/etc/belfry\n/var/lib/belfry\nbelfry\n',
      );
      expect((await belfry('service status')).code).toBe(3);
      expect((await belfry('service uninstall')).code).toBe(3);
      expect((await belfry('service uninstall --purge')).code).toBe(0);
      expect([await left(), existsSync(path.join(machine.root, 'etc/belfry'))]).toEqual(['', false]);
    });

    test('without rules, an installation starts with the rules of `belfry init`, which only root may change', async () => {
      expect((await belfry('service install --dry-run')).stdout).toContain('would write starter rules to /etc/belfry');
      expect([(await belfry('service install')).code, (await belfry('check')).code]).toEqual([0, 0]);
      expect(await machine.shell('stat -c "%a %U:%G" /etc/belfry /etc/belfry/rules.yaml')).toBe(
        '750 root:belfry\n640 root:belfry\n',
      );
      expect((await belfry('service uninstall --purge')).code).toBe(0);
    });

    test('a user installs a service of their own, without root', async () => {
      await machine.shell('loginctl enable-linger bob');
      await expect
        .poll(async () => (await machine.run(['ls', '/run/user/1001/bus'])).code, { timeout: 30_000 })
        .toBe(0);
      const config = '/home/bob/.config/belfry';
      const env = { HOME: '/home/bob', XDG_RUNTIME_DIR: '/run/user/1001', BELFRY_CONFIG: config };
      const own = (args: string) => machine.run(['belfry', ...args.split(' ')], { user: 'bob', env });
      expect(await own('service install --user')).toMatchObject({ code: 0, stderr: '' });
      expect(JSON.parse((await own('service status --user --json')).stdout)).toMatchObject({
        active: true,
        enabled: true,
        user: 'bob',
        config,
      });
      expect((await own('emit deploy.finished conclusion=failure --wait')).code).toBe(0);
      await machine.shell('systemctl --user reload belfry', { user: 'bob', env });
      expect((await own('service uninstall --user --purge')).code).toBe(0);
      expect((await own('service status --user')).code).toBe(3);
      const outside = await machine.run(['belfry', 'service', 'install'], { user: 'bob' });
      expect([outside.code, outside.stderr]).toEqual([1, expect.stringContaining('run it with sudo')]);
    });
  },
);
