import { userInfo } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { EXIT } from '../../../core/problems/failure.ts';
import { oneOf, type ValueKind } from '../../../core/values/value-kind.ts';
import { packageRoot } from '../../../lib/files/package-root.ts';
import type { Host } from '../../../service/host.ts';
import type { InstallRequest, ServiceManager } from '../../../service/manager.ts';
import type { Step } from '../../../service/plan.ts';
import { LONG_GRACE_MS, type CommandContext } from '../../context.ts';
import { TypedOption } from '../../options.ts';
import { CommandError, type CommonOptions, jsonLine, line, type Terminal } from '../../render/terminal.ts';

export interface ServiceOptions extends CommonOptions {
  readonly user?: boolean;
  readonly userName?: string;
  readonly socketGroup?: string;
  readonly for?: ManagerName;
  readonly dryRun?: boolean;
}

type ManagerName = 'systemd' | 'launchd';
type Scope = 'system' | 'user';

/** Service managers, and the operating system of each. */
const MANAGERS: Readonly<
  Record<
    ManagerName,
    { readonly platform: string; readonly open: (host: Host, scope: Scope) => Promise<ServiceManager> }
  >
> = {
  systemd: {
    platform: 'linux',
    open: async (...args) => (await import('../../../service/systemd/systemd.ts')).systemdService(...args),
  },
  launchd: {
    platform: 'darwin',
    open: async (...args) => (await import('../../../service/launchd/launchd.ts')).launchdService(...args),
  },
};

/** Name of a user or group, as useradd(8) allows it. */
const ACCOUNT: ValueKind<string> = {
  name: 'account',
  allowed: 'a name of at most 32 small letters, digits, _ and -, which begins with a letter or _',
  read: (text) => (/^[a-z_][a-z0-9_-]{0,31}$/.test(text) ? text : undefined),
};

/** Adds the options that say which service is meant. */
export function scopeOptions(command: Command): Command {
  return command
    .option('--user', 'a service of yours (systemd --user, launchd agent), not one of the machine')
    .addOption(
      new TypedOption(
        '--for <manager>',
        oneOf(Object.keys(MANAGERS)),
        'systemd or launchd (default: that of this system)',
      ),
    );
}

/** Adds the options of a service of the machine. */
export function accountOptions(command: Command): Command {
  return command
    .addOption(new TypedOption('--user-name <name>', ACCOUNT, 'user of the service (default: belfry)'))
    .addOption(
      new TypedOption('--socket-group <group>', ACCOUNT, 'group that may use the socket (default: that of the user)'),
    );
}

/** Service manager that the options name. Rejects options that contradict each other. */
export async function openManager({ env, uid }: Terminal, options: ServiceOptions): Promise<ServiceManager> {
  const own = (Object.keys(MANAGERS) as ManagerName[]).find((each) => MANAGERS[each].platform === process.platform);
  const name = options.for ?? own;
  if (name === undefined)
    throw new CommandError(
      EXIT.failed,
      'this system has neither systemd nor launchd: let its supervisor run `belfry run`',
    );
  for (const [option, value] of [
    ['--user-name', options.userName],
    ['--socket-group', options.socketGroup],
  ] as const)
    if (value !== undefined && options.user) throw wrong(`${option} is for a service of the machine: leave out --user`);
  if (name === 'launchd' && options.socketGroup !== undefined)
    throw wrong('--socket-group is for systemd: for launchd set `daemon.socket_group` in the rules');
  const { runProgram } = await import('../../../service/host.ts');
  const { username, homedir } = userInfo();
  const host: Host = { env, uid: uid ?? 0, userName: username, home: env.HOME || homedir, run: runProgram };
  return MANAGERS[name].open(host, options.user ? 'user' : 'system');
}

/** Rejects a service manager that does not run on this system, for the verbs that ask or change the machine. */
export function refuseForeign({ for: name }: ServiceOptions, isDryRun = false): void {
  if (name !== undefined && !isDryRun && MANAGERS[name].platform !== process.platform)
    throw wrong(`${name} does not run on this system: --for is for \`service print\` and --dry-run`);
}

const wrong = (message: string): CommandError => new CommandError(EXIT.usage, message);

/** Request for the service that the options describe. */
export async function requestOf({ env, cwd }: Terminal, options: ServiceOptions): Promise<InstallRequest> {
  const { stableNode } = await import('../../../service/host.ts');
  const program = fileURLToPath(new URL('bin/belfry.js', packageRoot()));
  return {
    command: [await stableNode(process.execPath, env.PATH), program],
    config: options.config === undefined ? undefined : path.resolve(cwd, options.config),
    account: options.userName,
    socketGroup: options.socketGroup,
  };
}

/** Prints the steps and carries them out, or only prints them. */
export async function follow(
  { terminal }: Pick<CommandContext, 'terminal'>,
  steps: readonly Step[],
  { dryRun = false, json = false }: ServiceOptions,
): Promise<void> {
  const print = ({ describe }: Step): void => {
    if (json) jsonLine(terminal, { step: describe, done: !dryRun });
    else line(terminal, dryRun ? `would ${describe}` : describe);
  };
  if (dryRun) {
    for (const step of steps) print(step);
    return;
  }
  const { carryOut } = await import('../../../service/plan.ts');
  await carryOut(steps, { onStep: print, interrupted: terminal.interrupted });
}

/** Time that the steps get after SIGINT to take back what was changed. */
export const UNDO_GRACE_MS = LONG_GRACE_MS;
