import { lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import { type Machine, outputOf, readSystemFile } from '../../lib/machine/machine.ts';
import { formatDuration } from '../../lib/time/duration.ts';
import type { DoctorCheck, Examined } from '../check.ts';

/** Permissions of others, and of the group except to enter, which `daemon.socket_group` needs. */
const VISIBLE = 0o067;
const MAX_LISTED = 5;
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** Age of the last backup after which it is reported. */
const OLD_BACKUP_MS = 7 * DAY_MS;
/** Time for which an event may lie in the inbox of a running daemon. */
const WAITING_MS = 60_000;

export const stateChecks: readonly DoctorCheck[] = [
  {
    name: 'state.directory',
    group: 'state',
    about: 'The state directory does not exist and cannot be created, is no folder, or cannot be written.',
    mend: 'create it for the user that runs belfry (install -d -m 0700 -o USER DIR), or set `daemon.state`',
    async run({ state, stateFault }) {
      if (stateFault !== undefined) return [fail(stateFault)];
      const found = await stat(state.state).catch(() => undefined);
      return [
        found === undefined
          ? ok(`${state.state} will be created at the first start`)
          : ok(`${state.state} can be used`),
      ];
    },
  },
  {
    name: 'state.mode',
    group: 'state',
    about: 'Other users can enter the state directory, which holds events, messages and a token.',
    mend: 'run `chmod 700` on it; with systemd set `StateDirectoryMode=0700`',
    async run({ state }) {
      const found = await stat(state.state).catch(() => undefined);
      if (found === undefined) return [];
      const mode = found.mode & 0o777;
      if ((mode & VISIBLE) === 0) return [ok(`${state.state} is private`)];
      const text = `${state.state} has the mode ${mode.toString(8)}`;
      return [
        (mode & 0o022) === 0
          ? warn(`${text}: other users can look into it`)
          : fail(`${text}: other users can replace its files`),
      ];
    },
  },
  {
    name: 'state.owner',
    group: 'state',
    about:
      'Files in the state directory belong to another user than the directory, so that the daemon cannot write them.',
    mend: 'stop the daemon, run `chown -R` with the user of the directory, and run commands as that user or as an operator',
    run: async ({ state }) => [await ownerResult(state.state)],
  },
  {
    name: 'state.store',
    group: 'state',
    about: 'The store was found malformed: no daemon starts on it.',
    mend: 'move the state directory away, and run `belfry restore FILE` with the last backup',
    run: ({ storeFault }) => [storeFault === undefined ? ok('no damage of the store is known') : fail(storeFault)],
  },
  {
    name: 'inbox.readable',
    group: 'state',
    about: 'An event in the inbox cannot be read, so that no daemon accepts it.',
    mend: 'let the user that runs belfry read it (chown), or correct it; then restart the daemon or post it with `belfry emit`',
    run: ({ inboxFaults }) =>
      inboxFaults.length === 0
        ? [ok('every event in the inbox can be read')]
        : inboxFaults.slice(0, MAX_LISTED).map((fault) => fail(fault)),
  },
  {
    name: 'inbox.waiting',
    group: 'state',
    about: 'Events wait in the inbox until a daemon starts.',
    mend: 'start the daemon; it accepts them at its start',
    run: async (examined, machine) => [await waitingResult(examined, machine)],
  },
  {
    name: 'socket.access',
    group: 'state',
    where: 'caller',
    about: 'The caller may not open the socket of the daemon, because of its mode, its group or the folders above it.',
    mend: 'join the group of the socket (usermod -aG GROUP USER) and log in again, or use --url and a token',
    run: socketAccess,
  },
  {
    name: 'socket.group',
    group: 'state',
    about: 'This machine has no group of the name in `daemon.socket_group`, so that the daemon does not start.',
    mend: 'create it (groupadd --system NAME), or set `daemon.socket_group` to a group that exists',
    run: async ({ ruleset }, machine) => {
      const group = ruleset?.daemon.socketGroup;
      if (group === undefined) return [];
      const isKnown = /^\d+$/.test(String(group)) || (await groupExists(machine, String(group)));
      return [isKnown ? ok(`the group ${group} exists`) : fail(`there is no group ${group}`)];
    },
  },
  {
    name: 'runtime.directory',
    group: 'state',
    about:
      'The daemon could write its address to no runtime directory, so that commands of other users do not find it.',
    mend: 'set `RuntimeDirectory=belfry` in the systemd unit, or create /run/belfry for the user that runs belfry',
    run({ runtimeFolders, daemons, running }) {
      if (running === undefined) return [];
      const { pid } = running.status;
      const recorded = daemons.filter((daemon) => daemon.pid === pid).map(({ from }) => path.dirname(from));
      return [
        recorded.some((folder) => runtimeFolders.includes(folder))
          ? ok('commands find the daemon by its record')
          : warn(`there is no record of the daemon in ${runtimeFolders.join(', ')}`),
      ];
    },
  },
  {
    name: 'backup.age',
    group: 'state',
    about: 'The last backup is older than a week.',
    mend: 'run `belfry backup FILE` regularly, for example by a timer, and copy the file to another machine',
    run({ running }, { clock }) {
      if (running === undefined) return [];
      const { lastBackup } = running;
      if (lastBackup === undefined) return [ok('no backup was made by `belfry backup` while the daemon ran')];
      const age = Math.max(0, clock.now() - lastBackup);
      const hours = Math.floor(age / HOUR_MS);
      const text = `the last backup is ${hours === 0 ? 'less than 1h' : formatDuration(hours * HOUR_MS)} old`;
      return [age > OLD_BACKUP_MS ? warn(text) : ok(text)];
    },
  },
];

async function ownerResult(state: string): Promise<DoctorResult> {
  const owner = (await stat(state).catch(() => undefined))?.uid;
  if (owner === undefined) return ok('there is no state directory yet');
  const foreign: string[] = [];
  for (const name of await readdir(state).catch(() => [])) {
    const found = await lstat(path.join(state, name)).catch(() => undefined);
    if (found !== undefined && found.uid !== owner) foreign.push(`${name} (user ${found.uid})`);
  }
  if (foreign.length === 0) return ok('all files of the state directory belong to one user');
  const listed = foreign.slice(0, MAX_LISTED).join(', ');
  return fail(`${state} belongs to the user ${owner}, and other users own: ${listed}`);
}

async function waitingResult({ state, running }: Examined, { clock }: Machine): Promise<DoctorResult> {
  const names = (await readdir(state.inbox).catch(() => [])).filter(
    (name) => name.endsWith('.json') && !name.startsWith('.'),
  );
  const oldest = Math.min(
    ...(await Promise.all(
      names.map(async (name) => (await stat(path.join(state.inbox, name)).catch(() => undefined))?.mtimeMs ?? Infinity),
    )),
  );
  const waits = running === undefined ? names.length > 0 : clock.now() - oldest > WAITING_MS;
  if (!waits) return ok('no event waits in the inbox');
  const age = formatDuration(Math.max(1000, Math.round((clock.now() - oldest) / 1000) * 1000));
  const text = `${names.length} events wait in ${state.inbox}, the oldest for ${age}`;
  return running === undefined
    ? warn(text)
    : fail(text, 'restart the daemon, which accepts them at its start, or look at `belfry audit`');
}

/** Whether the caller may open the socket that a record names, or the one in the state directory. */
export async function socketAccess({ state, daemons }: Examined, machine: Machine): Promise<readonly DoctorResult[]> {
  const recorded = daemons.find(({ socket }) => socket !== undefined)?.socket;
  return await socketResults(recorded ?? state.socket, machine);
}

async function socketResults(socket: string, machine: Machine): Promise<readonly DoctorResult[]> {
  const found = await stat(socket).catch((error: NodeJS.ErrnoException) => error.code ?? 'unknown');
  if (found === 'ENOENT') return [];
  if (typeof found === 'string')
    return [fail(`${socket} cannot be reached (${found}): a folder above it is closed to this user`)];
  const isOwner = machine.uid === 0 || found.uid === machine.uid;
  const isMember = machine.groups.includes(found.gid);
  const mode = found.mode & 0o777;
  const may = isOwner
    ? (mode & 0o200) !== 0 || machine.uid === 0
    : isMember
      ? (mode & 0o020) !== 0
      : (mode & 0o002) !== 0;
  if (may) return [ok(`${socket} is open to this user`)];
  const group = await groupName(machine, found.gid);
  return [
    fail(
      `${socket} is open to the user ${found.uid} and the group ${group}, and this user is neither`,
      `join the group (usermod -aG ${group} USER) and log in again, or use --url and a token`,
    ),
  ];
}

/** Searches /etc/group, then the name service, which also knows groups of a directory server. */
async function groupExists(machine: Machine, name: string): Promise<boolean> {
  const lines = ((await readSystemFile(machine, '/etc/group')) ?? '').split('\n');
  return (
    lines.some((line) => line.startsWith(`${name}:`)) ||
    (await outputOf(machine, 'getent', ['group', name])) !== undefined
  );
}

/** Name of a group, or its number if it has none. */
async function groupName(machine: Machine, gid: number): Promise<string> {
  const lines = ((await readSystemFile(machine, '/etc/group')) ?? '').split('\n');
  return lines.map((line) => line.split(':')).find(([, , id]) => id === String(gid))?.[0] ?? String(gid);
}
