import { stat } from 'node:fs/promises';
import { type DoctorResult, fail, ok, warn } from '../../core/problems/doctor.ts';
import { type Machine, outputOf, readSystemFile, systemFileExists } from '../../lib/machine/machine.ts';
import { type Manager, readUnit } from '../../lib/machine/systemd-unit.ts';
import type { DoctorCheck, Examined } from '../check.ts';
import { closedAt, type ExaminedUser } from '../permissions.ts';

const PROPERTIES = [
  'UnitFileState',
  'ActiveState',
  'WatchdogUSec',
  'Restart',
  'ProtectHome',
  'ProtectSystem',
  'PrivateTmp',
  'ReadOnlyPaths',
  'ReadWritePaths',
  'BindPaths',
  'BindReadOnlyPaths',
  'InaccessiblePaths',
  'StandardOutput',
  'User',
  'ExecStart',
  'StateDirectory',
] as const;

type Unit = Readonly<Record<string, string>>;

/** The unit of the daemon on these rules, and its manager; undefined where it is no service of systemd. */
async function unitOf(
  { config }: Examined,
  machine: Machine,
): Promise<{ readonly manager: Manager; readonly unit: Unit } | undefined> {
  for (const manager of ['system', 'user'] as const) {
    const unit = await readUnit(machine, manager, PROPERTIES);
    if (unit !== undefined && runsOn(unit, config)) return { manager, unit };
  }
  return undefined;
}

/** Whether a unit runs a daemon on these rules; `ExecStart` is `{ path=... ; argv[]=... run --config /etc/belfry ; ... }`. */
function runsOn({ ExecStart = '' }: Unit, config: string): boolean {
  const given = / --config[ =](.+?)(?: ;|$)/.exec(ExecStart)?.[1];
  return given === undefined || given === config;
}

/** Check that applies only where Belfry is a service of systemd. */
const ofUnit =
  (
    results: (
      unit: Unit,
      examined: Examined,
      machine: Machine,
      manager: Manager,
    ) => DoctorResult[] | Promise<DoctorResult[]>,
  ): DoctorCheck['run'] =>
  async (examined, machine) => {
    const found = await unitOf(examined, machine);
    return found === undefined ? [] : await results(found.unit, examined, machine, found.manager);
  };

export const serviceChecks: readonly DoctorCheck[] = [
  {
    name: 'service.enabled',
    group: 'service',
    where: 'caller',
    about: 'The service does not start at boot.',
    mend: 'run `systemctl enable belfry` (with --user for a user service)',
    run: ofUnit(({ UnitFileState }) => [
      UnitFileState?.startsWith('enabled') === true
        ? ok('the service starts at boot')
        : fail(`the service is ${UnitFileState ?? 'unknown'}`),
    ]),
  },
  {
    name: 'service.linger',
    group: 'service',
    where: 'caller',
    about: 'The user service ends when its user logs out.',
    mend: 'run `loginctl enable-linger`, unless it is meant for the desktop only',
    run: ofUnit(async (_unit, _examined, machine, manager) => {
      if (manager !== 'user') return [];
      const answer = await outputOf(machine, 'loginctl', [
        'show-user',
        String(machine.uid),
        '--property=Linger',
        '--value',
      ]);
      return [
        answer?.trim() === 'yes'
          ? ok('the user service also runs without a login')
          : warn('the user service ends at logout'),
      ];
    }),
  },
  {
    name: 'service.watchdog',
    group: 'service',
    where: 'caller',
    about: 'The service has no watchdog, so that a daemon that hangs is not restarted.',
    mend: 'set `WatchdogSec=60` in the unit; `belfry service install` writes it',
    run: ofUnit(({ WatchdogUSec }) => [
      WatchdogUSec === undefined || ['0', 'infinity', ''].includes(WatchdogUSec)
        ? warn('the service has no watchdog')
        : ok(`the watchdog restarts the service after ${WatchdogUSec}`),
    ]),
  },
  {
    name: 'service.restart',
    group: 'service',
    where: 'caller',
    about: 'The service is not restarted after a failure.',
    mend: 'set `Restart=always` in the unit; `belfry service install` writes it',
    run: ofUnit(({ Restart }) => [
      ['always', 'on-failure'].includes(Restart ?? '')
        ? ok('the service is restarted after a failure')
        : warn(`the service has Restart=${Restart ?? 'no'}`),
    ]),
  },
  {
    name: 'service.sandbox',
    group: 'service',
    where: 'caller',
    about: 'The unit hides a folder that a source watches, a program or a file of a channel, or the state directory.',
    mend: 'open it in a drop-in (systemctl edit belfry): `ReadOnlyPaths=`, `BindReadOnlyPaths=` or `ReadWritePaths=`',
    run: ofUnit((unit, examined) => sandboxResults(unit, examined)),
  },
  {
    name: 'service.log',
    group: 'service',
    where: 'caller',
    about: 'The log of the service goes nowhere, or the journal forgets it at each boot.',
    mend: 'set `StandardOutput=journal` in the unit; make the journal durable: install -d /var/log/journal',
    run: ofUnit(async ({ StandardOutput }, _examined, machine) => {
      if (StandardOutput === 'null') return [fail('the log of the service goes nowhere (StandardOutput=null)')];
      if (StandardOutput === 'journal' && !(await systemFileExists(machine, '/var/log/journal')))
        return [warn('the journal forgets the log of the service at each boot')];
      return [ok('the log of the service is kept')];
    }),
  },
  {
    name: 'service.permissions',
    group: 'service',
    where: 'caller',
    about: 'The user of the service may not read the rules or a file with a secret.',
    mend: 'run `chgrp` with the group of the service and `chmod g+r` (folders: g+rx), or `chown` for secrets',
    run: async (examined, machine) => await permissionResults(examined, machine),
  },
];

/** Folders that a value of a setting hides. */
const HIDING: readonly (readonly [setting: string, isOn: (value: string) => boolean, folders: readonly string[]])[] = [
  ['ProtectHome', (value) => value === 'yes' || value === 'tmpfs', ['/home', '/root', '/run/user']],
  ['PrivateTmp', (value) => value === 'yes' || value === 'disconnected', ['/tmp', '/var/tmp']],
];

function sandboxResults(unit: Unit, examined: Examined): DoctorResult[] {
  const used = [
    ...examined.sources.flatMap(({ name, uses }) =>
      (uses.watched ?? []).map((place) => ({ place, owner: `the source ${name} watches`, writes: false })),
    ),
    ...examined.channels.flatMap(({ name, uses }) => [
      ...(uses.program?.startsWith('/') === true
        ? [{ place: uses.program, owner: `the channel ${name} runs`, writes: false }]
        : []),
      ...(uses.files ?? []).map((place) => ({ place, owner: `the channel ${name} writes`, writes: true })),
    ]),
    // systemd opens a folder of `StateDirectory=` itself.
    ...(unit.StateDirectory ? [] : [{ place: examined.state.state, owner: 'the state is in', writes: true }]),
  ];
  const found = used.flatMap(({ place, owner, writes }) => {
    const hidden = hiddenBy(unit, place);
    const cause = hidden ?? (writes ? readOnlyBy(unit, place) : undefined);
    const effect = hidden === undefined ? 'makes read-only' : 'hides';
    return cause === undefined ? [] : [fail(`${owner} ${place}, which \`${cause}\` of the unit ${effect}`)];
  });
  return found.length === 0 ? [ok('the unit hides nothing that the rules need')] : found;
}

function hiddenBy(unit: Unit, place: string): string | undefined {
  const opened = pathsOf(unit, 'BindPaths', 'BindReadOnlyPaths', 'ReadOnlyPaths', 'ReadWritePaths');
  const inaccessible = pathsOf(unit, 'InaccessiblePaths').find((folder) => isBelow(folder, place));
  if (inaccessible !== undefined) return `InaccessiblePaths=${inaccessible}`;
  if (pathsOf(unit, 'BindPaths', 'BindReadOnlyPaths').some((folder) => isBelow(folder, place))) return undefined;
  const hit = HIDING.find(
    ([setting, isOn, folders]) => isOn(unit[setting] ?? '') && folders.some((folder) => isBelow(folder, place)),
  );
  if (hit === undefined) return undefined;
  // `ReadOnlyPaths=` opens a folder again below `ProtectHome=`, but not below a temporary folder.
  const isOpened =
    hit[0] === 'ProtectHome' && unit.ProtectHome === 'yes' && opened.some((folder) => isBelow(folder, place));
  return isOpened ? undefined : `${hit[0]}=${unit[hit[0]] ?? ''}`;
}

function readOnlyBy(unit: Unit, place: string): string | undefined {
  if (unit.ProtectSystem !== 'strict') return undefined;
  const writable = [
    ...pathsOf(unit, 'ReadWritePaths', 'BindPaths'),
    '/var/lib/belfry',
    '/var/lib/private/belfry',
    '/run/belfry',
    '/dev',
    '/proc',
  ];
  const isPrivateTmp = unit.PrivateTmp === 'yes' && isBelow('/tmp', place);
  return isPrivateTmp || writable.some((folder) => isBelow(folder, place)) ? undefined : 'ProtectSystem=strict';
}

/** Folders in lists of paths; a bind mount is `SOURCE:TARGET:OPTIONS`, and `-` marks a path that may be missing. */
function pathsOf(unit: Unit, ...names: readonly string[]): readonly string[] {
  return names
    .flatMap((name) => (unit[name] ?? '').split(' '))
    .map((text) => text.replace(/^[-+]+/, ''))
    .map((text) => text.split(':')[1] ?? text)
    .filter((text) => text.startsWith('/'));
}

const isBelow = (folder: string, file: string): boolean =>
  `${file}/`.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** Ids of the user of the daemon: that of the unit, otherwise the owner of the state directory. */
async function serviceUser(examined: Examined, machine: Machine): Promise<NamedUser | undefined> {
  const name = (await unitOf(examined, machine))?.unit.User;
  const lines = ((await readSystemFile(machine, '/etc/passwd')) ?? '').split('\n').map((line) => line.split(':'));
  const owner = (await stat(examined.state.state).catch(() => undefined))?.uid;
  const entry = lines.find(([user, , uid]) =>
    name === undefined || name === '' ? uid === String(owner) : user === name,
  );
  if (entry === undefined)
    return owner === undefined ? undefined : { name: String(owner), uid: owner, groups: new Set() };
  const members = ((await readSystemFile(machine, '/etc/group')) ?? '').split('\n').map((line) => line.split(':'));
  const groups = members
    .filter(([, , , users = '']) => users.split(',').includes(entry[0]!))
    .map(([, , gid]) => Number(gid));
  return { name: entry[0]!, uid: Number(entry[2]), groups: new Set([Number(entry[3]), ...groups]) };
}

interface NamedUser extends ExaminedUser {
  readonly name: string;
}

async function permissionResults(examined: Examined, machine: Machine): Promise<readonly DoctorResult[]> {
  const user = await serviceUser(examined, machine);
  // The daemon of this user reads the files itself, and root may read everything.
  if (user === undefined || user.uid === 0 || user.uid === machine.uid) return [];
  const secretFiles = examined.secrets.flatMap(({ secretFile }) => secretFile ?? []);
  const closed: DoctorResult[] = [];
  for (const file of new Set([...examined.files, ...secretFiles])) {
    const at = await closedAt(file, user);
    if (at !== undefined)
      closed.push(fail(`the user ${user.name} may not read ${file}${at === file ? '' : ` (closed at ${at})`}`));
  }
  return closed.length === 0 ? [ok(`the user ${user.name} may read the rules and the secrets`)] : closed;
}
