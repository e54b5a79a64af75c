import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/** Root of a clean Debian that tests copy. If not set, `prepareDebianRoot` makes one. */
const GIVEN_ROOT = 'BELFRY_DEBIAN_ROOT';
/** Reason why no root could be made or entered, from `prepareDebianRoot` for the tests. */
const REASON = 'BELFRY_NO_DEBIAN_ROOT';

/** Packages of the clean root: systemd as init, D-Bus for `systemctl --user`, and adduser for the package of Belfry. */
const PACKAGES = 'systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,adduser';

/** Releases of Debian whose Node.js runs Belfry. In the others, and in a given root without one, Node of the host is used. */
const SUITES_WITH_NODE: readonly string[] = ['trixie'];

/** Release of Debian: bookworm has systemd 252, trixie 257. */
const suite = (): string => process.env.BELFRY_DEBIAN_SUITE || 'bookworm';

/** Programs of the host, and the Debian packages that they come from. */
const NEEDED = { debootstrap: 'debootstrap', 'systemd-nspawn': 'systemd-container', nsenter: 'util-linux' } as const;

/** The reason why no Debian root can be made or booted here; undefined if it can. */
export function whyNoDebianRoot(): string | undefined {
  if (process.env[REASON]) return process.env[REASON];
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root';
  const present = (program: string): boolean =>
    ['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((folder) => existsSync(path.join(folder, program)));
  const missing = Object.entries(NEEDED).filter(
    ([program]) => !present(program) && !(program === 'debootstrap' && process.env[GIVEN_ROOT]),
  );
  return missing.length > 0 ? `needs the Debian packages ${missing.map(([, name]) => name).join(', ')}` : undefined;
}

/**
 * Makes the clean root once for a run of the tests, unless one is given. Where that is impossible, because there is no network or
 * because the machine allows no containers, the tests skip with the reason. Returns a function that removes the root.
 */
export async function prepareDebianRoot(): Promise<() => Promise<void>> {
  if (whyNoDebianRoot() !== undefined || process.env[GIVEN_ROOT]) return async () => {};
  const folder = await mkdtemp(path.join(tmpdir(), 'belfry-debian-'));
  const root = path.join(folder, 'root');
  const include = SUITES_WITH_NODE.includes(suite()) ? `${PACKAGES},nodejs` : PACKAGES;
  const steps = [
    ['debootstrap', '--variant=minbase', `--include=${include}`, suite(), root],
    ['systemd-nspawn', '--quiet', `--directory=${root}`, '--register=no', '--keep-unit', '--private-network', 'true'],
  ] as const;
  for (const [program, ...args] of steps) {
    const { status } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (status === 0) continue;
    process.env[REASON] = `${program} ended with ${status} on this machine`;
    break;
  }
  process.env[GIVEN_ROOT] = root;
  return async () => {
    delete process.env[GIVEN_ROOT];
    await rm(folder, { recursive: true, force: true });
  };
}

/** Copy of the clean Debian root. The caller removes it with `removeRoot`. */
export async function copyDebianRoot(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belfry-root-'));
  const root = path.join(folder, 'root');
  await promisify(execFile)('cp', ['-a', '--reflink=auto', process.env[GIVEN_ROOT]!, root]);
  return root;
}

export async function removeRoot(root: string): Promise<void> {
  await rm(path.dirname(root), { recursive: true, force: true });
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Debian that runs in a container with systemd as init, its own loopback and no other network. */
export class Machine {
  readonly root: string;
  readonly #container: ChildProcess;
  readonly #init: number;

  private constructor(root: string, container: ChildProcess, init: number) {
    this.root = root;
    this.#container = container;
    this.#init = init;
  }

  /** Boots a root and resolves when systemd has started its default target. `binds`: host path by path in the container, read-only. */
  static async boot(root: string, binds: Readonly<Record<string, string>> = {}): Promise<Machine> {
    const node = existsSync(path.join(root, 'usr/bin/node')) ? {} : { '/usr/bin/node': process.execPath };
    const read = { ...node, ...binds };
    const container = spawn(
      'systemd-nspawn',
      [
        '--quiet',
        `--directory=${root}`,
        `--machine=${path.basename(path.dirname(root))}`,
        '--register=no',
        '--keep-unit',
        '--private-network',
        '--console=pipe',
        ...Object.entries(read).map(([inside, outside]) => `--bind-ro=${outside}:${inside}`),
        '--boot',
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH, SYSTEMD_UNIFIED_CGROUP_HIERARCHY: hierarchy() },
      },
    );
    let console = '';
    container.stdout.on('data', (text: Buffer) => (console += text.toString()));
    container.stderr.on('data', (text: Buffer) => (console += text.toString()));
    for (;;) {
      if (container.exitCode !== null) throw new Error(`the container did not start:\n${console}`);
      const init = await childOf(container.pid!);
      if (init !== undefined) {
        const machine = new Machine(root, container, init);
        const { stdout } = await machine.run(['systemctl', 'is-system-running', '--wait']);
        if (/^(?:running|degraded)/.test(stdout)) return machine;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Runs a program as root, or as `user`, to its end. */
  run(
    command: readonly string[],
    options: { user?: string; input?: string; env?: Record<string, string> } = {},
  ): Promise<Output> {
    const { user, input = '', env = {} } = options;
    const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const as = user === undefined ? [] : ['runuser', '-u', user, '--'];
    const inside = ['-m', '-u', '-i', '-n', '-p', `--target=${this.#init}`, `--wd=${this.root}`, '--'];
    const child = spawn(
      'nsenter',
      [...inside, 'env', '-i', PATH_OF_DEBIAN, 'LC_ALL=C.UTF-8', ...assignments, ...as, ...command],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }));
    });
  }

  /** Process id on the host of a process of the machine. */
  async hostPid(pid: number): Promise<number> {
    const namespace = await readlink(`/proc/${this.#init}/ns/pid`);
    for (const entry of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
      const own = await readlink(`/proc/${entry}/ns/pid`).catch(() => '');
      if (own === namespace && status.match(/^NSpid:.*\t(\d+)$/m)?.[1] === `${pid}`) return Number(entry);
    }
    throw new Error(`no process ${pid} runs in the machine`);
  }

  /** Runs a script of the shell; rejects with its output if it fails. */
  async shell(script: string, options: { user?: string; env?: Record<string, string> } = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(['/bin/sh', '-euc', script], options);
    if (code !== 0) throw new Error(`exit ${code}: ${script}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Ends the container at once. */
  async stop(): Promise<void> {
    if (this.#container.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#container.once('exit', resolve));
    process.kill(this.#init, 'SIGKILL');
    await ended;
  }
}

const PATH_OF_DEBIAN = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Belfry as it is installed from a package: the built program in `/usr/lib/belfry`. */
export const INSTALLED: Readonly<Record<string, string>> = Object.fromEntries(
  ['bin', 'bundle', 'assets', 'schemas', 'rules', 'package.json', 'node_modules'].map((name) => [
    `/usr/lib/belfry/${name}`,
    path.join(REPOSITORY, name),
  ]),
);

/** Makes `belfry` a command of the root. */
export async function linkBelfry(root: string): Promise<void> {
  await symlink('../lib/belfry/bin/belfry.js', path.join(root, 'usr/bin/belfry'));
}

/** systemd 256 and later do not run on the older hierarchy of control groups. */
const hierarchy = (): string =>
  existsSync('/sys/fs/cgroup/unified') || existsSync('/sys/fs/cgroup/cgroup.controllers') ? '1' : '0';

/** Process id of the init of a container: the only child of systemd-nspawn. */
async function childOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const first = text.split(' ')[0];
  return first ? Number(first) : undefined;
}
