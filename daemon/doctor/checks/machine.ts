import { opendir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import { readOpenFileLimit } from '../../lib/files/open-files.ts';
import { listSystemFolder, type Machine, readSystemFile, readSystemLink } from '../../lib/machine/machine.ts';
import type { DoctorCheck, ExaminedSource } from '../check.ts';

/** The oldest supported version, as `engines` in package.json. */
const MIN_NODE: readonly [major: number, minor: number] = [20, 19];
const MIN_FILES = 1024;
const MIN_INSTANCES = 8;
const MIB = 1024 * 1024;
const FEW_MEMORY = 128 * MIB;
/** Folders that are counted at most, so that a large tree does not take long. */
const MAX_FOLDERS = 50_000;
const NEARLY = 0.8;

export const machineChecks: readonly DoctorCheck[] = [
  {
    name: 'node.version',
    group: 'machine',
    about: 'Node.js is older than 20.19, with which Belfry is not tested.',
    mend: 'install Node.js 20.19 or later, best the newest LTS version',
    run(_, { nodeVersion }) {
      const [major = 0, minor = 0] = nodeVersion.replace(/^v/, '').split('.').map(Number);
      const isOld = major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1]);
      return [isOld ? fail(`Node.js ${nodeVersion} is too old`) : ok(`Node.js ${nodeVersion}`)];
    },
  },
  {
    name: 'environment.node',
    group: 'machine',
    about: 'An environment variable weakens Node.js, prints secrets, or has a value that is ignored.',
    mend: 'unset it for the daemon; in a systemd unit by `UnsetEnvironment=`',
    run({ environment: { refused, warned } }) {
      const found = [
        ...refused.map((text) => fail(text)),
        ...warned.filter((text) => !isZone(text)).map((text) => warn(text)),
      ];
      return found.length === 0 ? [ok('no environment variable weakens Node.js')] : found;
    },
  },
  {
    name: 'clock.zone',
    group: 'machine',
    about: 'The variable TZ names no time zone, so that `hours`, schedules and local times are those of UTC.',
    mend: 'set TZ to a name such as `Asia/Shanghai`, and install the package tzdata',
    run({ environment: { warned } }) {
      const found = warned.filter(isZone);
      return found.length === 0 ? [ok('the time zone is known')] : found.map((text) => fail(text));
    },
  },
  {
    name: 'inotify.watches',
    group: 'machine',
    about: 'The sources watch more folders than the kernel allows, so that changes are found late, by scanning.',
    mend: 'raise it: `sysctl fs.inotify.max_user_watches=524288`, and write the line to /etc/sysctl.d/',
    run: async ({ sources }, machine) => await watchResults(sources, machine),
  },
  {
    name: 'inotify.instances',
    group: 'machine',
    about: 'Programs of this user use up the inotify instances, so that nothing can be watched.',
    mend: 'raise it: `sysctl fs.inotify.max_user_instances=512`, and write the line to /etc/sysctl.d/',
    run: async (_, machine) => await instanceResults(machine),
  },
  {
    name: 'files.limit',
    group: 'machine',
    about: 'The limit of open files is low for connections, clients and watched files.',
    mend: 'set `LimitNOFILE=8192` in the systemd unit, or `ulimit -n 8192`',
    async run(_, machine) {
      const soft = readOpenFileLimit((await readSystemFile(machine, '/proc/self/limits')) ?? '');
      if (soft === undefined) return [ok('the limit of open files is not known, or there is none')];
      return [soft < MIN_FILES ? warn(`at most ${soft} files may be open`) : ok(`${soft} files may be open`)];
    },
  },
  {
    name: 'memory.room',
    group: 'machine',
    about: 'Little memory is free, or the limit of the container is low.',
    mend: 'free some memory, or raise the limit (`MemoryMax=` in the systemd unit, `--memory` of a container) to 256 MiB or more',
    run: async (_, machine) => await memoryResults(machine),
  },
  {
    name: 'log.destination',
    group: 'machine',
    about: 'The log of the daemon goes to /dev/null or to a deleted file.',
    mend: 'start the daemon with its standard output in the journal or in a file, and restart it after the file was rotated',
    async run({ running }, machine) {
      if (running === undefined) return [];
      const target = await readSystemLink(machine, '/proc/self/fd/1');
      if (target === '/dev/null') return [warn('the log goes to /dev/null')];
      if (target?.endsWith(' (deleted)') === true) return [fail(`the log goes to a deleted file: ${target}`)];
      return [ok('the log is written')];
    },
  },
];

/** Whether a warning about the environment concerns the time zone. */
const isZone = (text: string): boolean => /\bTZ is\b/.test(text);

async function watchResults(sources: readonly ExaminedSource[], machine: Machine): Promise<readonly DoctorResult[]> {
  const watching = sources.filter(({ uses }) => uses.watched !== undefined);
  if (watching.length === 0) return [ok('no source watches files')];
  const text = await readSystemFile(machine, '/proc/sys/fs/inotify/max_user_watches');
  if (text === undefined) return [ok('the limit of watches cannot be read here (not Linux, or `ProcSubset=pid`)')];
  const max = Number(text);
  const count = await countFolders(watching);
  const message = `the sources watch ${count === MAX_FOLDERS ? 'at least ' : ''}${count} folders, and the kernel allows ${max}`;
  if (count > max) return [fail(message)];
  return [count > max * NEARLY ? warn(message) : ok(message)];
}

async function countFolders(sources: readonly ExaminedSource[]): Promise<number> {
  const seen = new Set<string>();
  for (const { uses } of sources) {
    const waiting = [...(uses.watched ?? [])];
    for (let at = waiting.pop(); at !== undefined && seen.size < MAX_FOLDERS; at = waiting.pop()) {
      if (seen.has(at) || uses.mayContain?.(at) === false) continue;
      const folder = await opendir(at).catch(() => undefined);
      if (folder === undefined) continue;
      seen.add(at);
      for await (const entry of folder) if (entry.isDirectory()) waiting.push(path.join(at, entry.name));
    }
  }
  return seen.size;
}

async function instanceResults(machine: Machine): Promise<readonly DoctorResult[]> {
  const text = await readSystemFile(machine, '/proc/sys/fs/inotify/max_user_instances');
  if (text === undefined) return [ok('the limit of inotify instances cannot be read here')];
  const max = Number(text);
  let used = 0;
  for (const pid of (await listSystemFolder(machine, '/proc')).filter((name) => /^\d+$/.test(name))) {
    // The kernel counts for each user.
    const owner = (await stat(machine.systemPath(`/proc/${pid}`)).catch(() => undefined))?.uid;
    if (owner !== machine.uid) continue;
    for (const fd of await listSystemFolder(machine, `/proc/${pid}/fd`))
      if ((await readSystemLink(machine, `/proc/${pid}/fd/${fd}`)) === 'anon_inode:inotify') used += 1;
  }
  const message = `programs of this user use ${used} of ${max} inotify instances`;
  if (used >= max) return [fail(message)];
  return [max - used < MIN_INSTANCES ? warn(message) : ok(message)];
}

async function memoryResults(machine: Machine): Promise<readonly DoctorResult[]> {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec((await readSystemFile(machine, '/proc/meminfo')) ?? '')?.[1];
  const limit = await memoryLimit(machine);
  const found: DoctorResult[] = [];
  if (available !== undefined && Number(available) * 1024 < FEW_MEMORY)
    found.push(warn(`this machine has ${Math.floor(Number(available) / 1024)} MiB of memory available`));
  if (limit !== undefined && limit < FEW_MEMORY)
    found.push(warn(`the control group of this process may use ${Math.floor(limit / MIB)} MiB of memory`));
  return found.length === 0 ? [ok('there is enough memory')] : found;
}

/** Limit of the control group (cgroup v2), in bytes. */
async function memoryLimit(machine: Machine): Promise<number | undefined> {
  const group = /^0::(.*)$/m.exec((await readSystemFile(machine, '/proc/self/cgroup')) ?? '')?.[1] ?? '/';
  const text = (await readSystemFile(machine, path.posix.join('/sys/fs/cgroup', group, 'memory.max')))?.trim();
  return text === undefined || text === 'max' ? undefined : Number(text);
}
