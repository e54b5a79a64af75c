import path from 'node:path';

export interface UnitSettings {
  /** Absolute path of the program, with its arguments: `run` and the others follow it. */
  readonly command: readonly string[];
  /** Absolute path of the rules. */
  readonly config: string;
  /** Version of systemd. */
  readonly version: number;
  /** Account of a system service; undefined for a service of one user. */
  readonly account?: Account;
}

export interface Account {
  readonly user: string;
  /** Group that may use the socket, if it is not that of the user. */
  readonly socketGroup?: string;
}

/** Setting of a unit, a comment above the next one, or an empty line. */
type Line = readonly [key: string, value: string | number] | string;

/** Default place of the rules of a system service. */
export const SYSTEM_CONFIG = '/etc/belfry';

/** Version from which on systemd waits for the end of a reload (`Type=notify-reload`). */
const NOTIFY_RELOAD_SINCE = 253;

/** Text of the unit file: of a system service if there is an account, else of a service of one user. */
export function unitText(settings: UnitSettings): string {
  const { account } = settings;
  const service = [
    ...running(settings),
    ...(account === undefined ? USER_LIMITS : [...accountLines(account, settings.config), ...SANDBOX]),
  ];
  const sections: readonly (readonly [string, readonly Line[]])[] = [
    ['Unit', account === undefined ? USER_UNIT : SYSTEM_UNIT],
    ['Service', service],
    ['Install', [['WantedBy', account === undefined ? 'default.target' : 'multi-user.target']]],
  ];
  return sections.map(([name, lines]) => `[${name}]\n${lines.map(lineText).join('')}`).join('\n');
}

function lineText(line: Line): string {
  if (typeof line !== 'string') return `${line[0]}=${line[1]}\n`;
  return line === '' ? '\n' : `# ${line}\n`;
}

/** Command line of a unit: systemd expands `%` and `$`, and splits at blanks outside quotes. */
export function commandLine(words: readonly string[]): string {
  return words
    .map((word) => word.replaceAll('%', '%%').replaceAll('$', '$$$$'))
    .map((word) => (/^[\w%$@+=:,./-]+$/.test(word) ? word : `"${word.replaceAll(/[\\"]/g, String.raw`\$&`)}"`))
    .join(' ');
}

const DESCRIPTION: Line = ['Description', 'Belfry, which turns events into notifications'];

const SYSTEM_UNIT: readonly Line[] = [
  DESCRIPTION,
  ['After', 'network-online.target nss-lookup.target'],
  ['Wants', 'network-online.target'],
  'The number of starts is not limited: the daemon runs again as soon as the disk or the network is repaired.',
  ['StartLimitIntervalSec', 0],
];

const USER_UNIT: readonly Line[] = [
  DESCRIPTION,
  'Runs from the login on. Desktop notifications need a graphical session; until there is one, they are tried again.',
  ['After', 'graphical-session-pre.target'],
  ['StartLimitIntervalSec', 0],
];

function running({ command, config, version }: UnitSettings): readonly Line[] {
  return [
    'The daemon reports its state by systemd-notify, a process of its own, because Node has no Unix datagram sockets.',
    ['Type', version >= NOTIFY_RELOAD_SINCE ? 'notify-reload' : 'notify'],
    ['NotifyAccess', 'all'],
    ['ExecStart', commandLine([...command, 'run', '--config', config])],
    'Fails when the rules are rejected, so `systemctl reload` fails and the rules in force stay.',
    ['ExecReload', commandLine([...command, 'reload', '--config', config])],
    'Fed while the event loop and the store answer.',
    ['WatchdogSec', 60],
    ['Restart', 'always'],
    ['RestartSec', 2],
    'A restart does not repair a wrong command line or rules that do not load.',
    ['RestartPreventExitStatus', '2 64 78'],
    ['TimeoutStartSec', '5min'],
    'A stop takes 25 s at most: attempts in flight get 20 s to end.',
    ['TimeoutStopSec', 30],
    ['KillMode', 'mixed'],
    ['UMask', '0077'],
    ['LimitNOFILE', 65536],
    'A memory dump would contain secrets.',
    ['LimitCORE', 0],
  ];
}

function accountLines({ user, socketGroup }: Account, config: string): readonly Line[] {
  return [
    '',
    ['User', user],
    ...(socketGroup === undefined
      ? ([['Group', user]] as const)
      : ([
          ['Group', socketGroup],
          ['SupplementaryGroups', user],
        ] as const)),
    ['StateDirectory', 'belfry'],
    ['StateDirectoryMode', '0700'],
    'Compiled code, which makes the next start faster on Node 22.8 and later.',
    ['CacheDirectory', 'belfry'],
    ['CacheDirectoryMode', '0700'],
    'The folder of the socket. The mode of the socket says who may use it.',
    ['RuntimeDirectory', 'belfry'],
    ['RuntimeDirectoryMode', '0755'],
    ...(path.resolve(config) === SYSTEM_CONFIG
      ? ([
          ['ConfigurationDirectory', 'belfry'],
          ['ConfigurationDirectoryMode', '0750'],
        ] as const)
      : []),
    'A secret that rules name as ${credential:NAME}; `systemctl edit belfry` is the place to add one.',
    '  LoadCredential=NAME:/etc/credstore/belfry.NAME',
  ];
}

/** Limits that systemd can set for a user without the right to make namespaces. */
const USER_LIMITS: readonly Line[] = [
  '',
  'The folder of the socket.',
  ['RuntimeDirectory', 'belfry'],
  ['RuntimeDirectoryMode', '0700'],
  ['NoNewPrivileges', 'yes'],
  ['LockPersonality', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['SystemCallArchitectures', 'native'],
];

/** Everything that the daemon does not need is forbidden. MemoryDenyWriteExecute is absent: V8 compiles code at run time. */
const SANDBOX: readonly Line[] = [
  '',
  'The daemon reads the machine and writes only to its own folders. A drop-in opens more: see docs/install.md.',
  ['ProtectSystem', 'strict'],
  ['ProtectHome', 'yes'],
  ['PrivateTmp', 'yes'],
  ['PrivateDevices', 'yes'],
  ['DevicePolicy', 'closed'],
  ['PrivateUsers', 'yes'],
  ['PrivateMounts', 'yes'],
  ['PrivateIPC', 'yes'],
  ['ProtectClock', 'yes'],
  ['ProtectHostname', 'yes'],
  ['ProtectKernelLogs', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['ProtectKernelTunables', 'yes'],
  ['ProtectControlGroups', 'yes'],
  ['ProtectProc', 'invisible'],
  ['NoNewPrivileges', 'yes'],
  ['CapabilityBoundingSet', ''],
  ['AmbientCapabilities', ''],
  ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_UNIX'],
  ['RestrictNamespaces', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['RestrictSUIDSGID', 'yes'],
  ['LockPersonality', 'yes'],
  ['RemoveIPC', 'yes'],
  ['KeyringMode', 'private'],
  ['SystemCallArchitectures', 'native'],
  ['SystemCallFilter', '@system-service'],
  ['SystemCallFilter', '~@privileged @resources @mount @debug @cpu-emulation @obsolete @raw-io @reboot @swap @module'],
  'Node runs without the calls that are refused; a kill would end it.',
  ['SystemCallErrorNumber', 'EPERM'],
  '',
  'Programs of `command` channels count too.',
  ['TasksMax', 256],
  ['MemoryMax', '1G'],
  ['OOMPolicy', 'continue'],
];
