import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyDebianRoot, Machine, removeRoot, whyNoDebianRoot } from '../support/debian-root.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/** Builds a package with `npm run package` and returns its path. */
function buildPackage(kind: 'npm' | 'deb'): string {
  const script = path.join(REPOSITORY, 'scripts/package.mjs');
  return path.resolve(
    REPOSITORY,
    execFileSync(process.execPath, [script, kind], { cwd: REPOSITORY, encoding: 'utf8' }).trim(),
  );
}

/** Package of the same content with another version. */
function withVersion(deb: string, version: string, folder: string): string {
  const content = path.join(folder, 'content');
  execFileSync('dpkg-deb', ['--raw-extract', deb, content]);
  const control = path.join(content, 'DEBIAN/control');
  writeFileSync(control, readFileSync(control, 'utf8').replace(/^Version: .*$/m, `Version: ${version}`));
  const file = path.join(folder, `belfry_${version}.deb`);
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', content, file]);
  return file;
}

/** Adds npm of the host to a root, with the settings by which it reaches the registry. */
function addNpm(root: string): void {
  const npm = path.resolve(realpathSync(execFileSync('which', ['npm'], { encoding: 'utf8' }).trim()), '../..');
  const settings = path.join(homedir(), '.npmrc');
  const copies = {
    [npm]: 'usr/lib/node_modules/npm',
    [settings]: 'root/.npmrc',
    [CERTIFICATES]: CERTIFICATES,
    '/etc/resolv.conf': 'etc/resolv.conf',
  };
  for (const [from, to] of Object.entries(copies))
    if (existsSync(from)) cpSync(from, path.join(root, to), { recursive: true, dereference: true });
}

const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

const why =
  whyNoDebianRoot() ??
  (process.env.BELFRY_DEBIAN_SUITE === 'trixie' ? undefined : 'Node.js 20.19 comes with Debian trixie');
const note = why === undefined ? '' : ` (${why})`;

describe.skipIf(why !== undefined)(`the Debian package${note}`, () => {
  let root: string;
  let machine: Machine;
  let deb: string;
  beforeAll(async () => {
    deb = buildPackage('deb');
    root = await copyDebianRoot();
    const folder = path.join(root, 'packages');
    mkdirSync(folder);
    copyFileSync(deb, path.join(folder, 'belfry.deb'));
    copyFileSync(withVersion(deb, '99.0', path.dirname(root)), path.join(folder, 'belfry-next.deb'));
    machine = await Machine.boot(root, {});
  }, 180_000);
  afterAll(async () => {
    await machine?.stop();
    if (root !== undefined) await removeRoot(root);
  });

  test('lintian finds no error', () => {
    const output = execFileSync('lintian', ['--allow-root', '--fail-on', 'error', deb], { encoding: 'utf8' });
    expect(output).not.toMatch(/^E:/m);
  });

  test('installing it creates the user and starts a service that delivers', async () => {
    await machine.shell('dpkg --install /packages/belfry.deb');
    expect(await machine.shell('systemctl is-active belfry; systemctl is-enabled belfry')).toBe('active\nenabled\n');
    expect(await machine.shell('stat -c "%U:%G %a" /etc/belfry /var/lib/belfry')).toBe(
      'root:belfry 750\nbelfry:belfry 700\n',
    );
    expect(await machine.shell('stat -c %U /proc/"$(systemctl show -p MainPID --value belfry)"')).toBe('belfry\n');
    expect(JSON.parse(await machine.shell('belfry status --json'))).toMatchObject({
      ready: true,
      config: '/etc/belfry',
    });
    await machine.shell('belfry emit package.installed --id first');
    expect(await machine.shell('belfry audit')).not.toContain('violation:');
  });

  test('`service install` uses the unit of the package, and says how to change it and to remove it', async () => {
    const belfry = (...args: string[]) => machine.run(['belfry', 'service', ...args]);
    expect((await belfry('install')).code).toBe(0);
    expect(existsSync(path.join(root, 'etc/systemd/system/belfry.service'))).toBe(false);
    await machine.shell('groupadd operators');
    expect(await belfry('install', '--socket-group', 'operators')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[Service] Group=operators SupplementaryGroups=belfry'),
    });
    const settings = '[Service]\\nGroup=operators\\nSupplementaryGroups=belfry\\n';
    const dropIn = '/etc/systemd/system/belfry.service.d/group.conf';
    await machine.shell(`mkdir -p "$(dirname ${dropIn})"; printf '${settings}' > ${dropIn}; belfry service install`);
    expect(await machine.shell('stat -c %G /run/belfry/belfry.sock')).toBe('operators\n');
    expect(JSON.parse(await machine.shell('belfry status --json'))).toMatchObject({ ready: true, reasons: [] });
    await machine.shell(`rm ${dropIn}; belfry service install`);
    expect(await belfry('uninstall', '--purge')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('apt purge belfry'),
    });
    expect(await machine.shell('systemctl is-active belfry')).toBe('active\n');
  });

  test('the manual page and the completions are installed', async () => {
    expect(await machine.shell('zcat /usr/share/man/man1/belfry.1.gz')).toMatch(/^\.TH BELFRY 1/);
    expect(
      await machine.shell('bash -c ". /usr/share/bash-completion/completions/belfry; complete -p belfry"'),
    ).toContain('_belfry');
  });

  test('an upgrade keeps edited rules and the state, and restarts the service', async () => {
    await machine.shell('printf "# mine\\n" >> /etc/belfry/rules.yaml');
    const before = await machine.shell('systemctl show -p MainPID --value belfry');
    await machine.shell('dpkg --install --force-confdef /packages/belfry-next.deb');
    expect(await machine.shell('tail -n 1 /etc/belfry/rules.yaml')).toBe('# mine\n');
    expect(await machine.shell('systemctl is-active belfry')).toBe('active\n');
    expect(await machine.shell('systemctl show -p MainPID --value belfry')).not.toBe(before);
    expect(await machine.shell('belfry events first --json')).toContain('package.installed');
  });

  test('removing it stops the service and keeps rules and state', async () => {
    await machine.shell('dpkg --remove belfry');
    expect((await machine.run(['systemctl', 'is-active', 'belfry'])).stdout).toBe('inactive\n');
    expect(existsSync(path.join(root, 'usr/lib/belfry'))).toBe(false);
    expect(existsSync(path.join(root, 'etc/belfry/rules.yaml'))).toBe(true);
    expect(existsSync(path.join(root, 'var/lib/belfry/belfry.db'))).toBe(true);
  });

  test('purging it removes rules and state', async () => {
    await machine.shell('dpkg --purge belfry');
    expect(existsSync(path.join(root, 'etc/belfry'))).toBe(false);
    expect(existsSync(path.join(root, 'var/lib/belfry'))).toBe(false);
    expect(existsSync(path.join(root, 'var/cache/belfry'))).toBe(false);
  });
});

describe.skipIf(why !== undefined)(`the npm package${note}`, () => {
  let root: string;
  let machine: Machine;
  beforeAll(async () => {
    const tarball = buildPackage('npm');
    root = await copyDebianRoot();
    addNpm(root);
    copyFileSync(tarball, path.join(root, 'belfry.tgz'));
    const npm = ['/usr/bin/node', '/usr/lib/node_modules/npm/bin/npm-cli.js'];
    // The container has no network, so npm runs in the root on the network of the host.
    execFileSync('chroot', [root, ...npm, 'install', '--global', '--ignore-scripts', '/belfry.tgz'], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', NODE_EXTRA_CA_CERTS: CERTIFICATES },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    machine = await Machine.boot(root, {});
    await machine.shell('useradd --create-home ada');
  }, 180_000);
  afterAll(async () => {
    await machine?.stop();
    if (root !== undefined) await removeRoot(root);
  });

  test('`npm install --global` gives a command that makes, checks and runs rules', async () => {
    await machine.shell('cd; belfry init rules; belfry check rules; belfry test rules', AS_ADA);
    const unit = ['--unit=belfry', '--uid=ada', '--working-directory=/home/ada', '--setenv=HOME=/home/ada'];
    await machine.shell(
      `systemd-run --quiet ${unit.join(' ')} --service-type=notify --property=NotifyAccess=all belfry run --config rules`,
    );
    await machine.shell('cd; belfry emit npm.installed --id first; belfry events first', AS_ADA);
    await machine.shell('systemctl stop belfry');
    expect(await machine.shell('systemctl show -p Result --value belfry')).toBe('success\n');
  });

  test('npm installs the manual page and the schemas', async () => {
    expect(
      await machine.shell('ls -L /usr/share/man/man1/belfry.1 /usr/local/share/man/man1/belfry.1 2>/dev/null || true'),
    ).toContain('belfry.1');
    expect(await machine.shell('belfry schema rules', AS_ADA)).toContain('"$schema"');
  });
});

const AS_ADA = { user: 'ada', env: { HOME: '/home/ada' } };
