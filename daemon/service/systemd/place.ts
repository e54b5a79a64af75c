import path from 'node:path';
import { type Host, must, type Output } from '../host.ts';
import { SYSTEM_CONFIG } from './unit.ts';

export const UNIT = 'belfry.service';

/** Paths of the parts of the service, and the systemd that runs it: that of the machine, or that of one user. */
export interface Place {
  readonly isSystem: boolean;
  readonly unitFile: string;
  /** Folder with the settings that an administrator has added (`systemctl edit`). */
  readonly dropIns: string;
  /** Folder of units that are gone after a restart of the machine. */
  readonly transient: string;
  readonly config: string;
  readonly state: string;
  readonly cache: string;
  systemctl(...args: string[]): Promise<Output>;
  /** Runs `systemctl`, which must succeed. */
  control(...args: string[]): Promise<string>;
  journalctl(...args: string[]): Promise<Output>;
}

export function systemPlace(host: Host): Place {
  return {
    isSystem: true,
    unitFile: `/etc/systemd/system/${UNIT}`,
    dropIns: `/etc/systemd/system/${UNIT}.d`,
    transient: '/run/systemd/system',
    config: SYSTEM_CONFIG,
    state: '/var/lib/belfry',
    cache: '/var/cache/belfry',
    systemctl: (...args) => host.run('systemctl', ...args),
    control: (...args) => must(host, 'systemctl', ...args),
    journalctl: (...args) => host.run('journalctl', ...args),
  };
}

/** Places of the user that runs this; those of the XDG base directory specification. */
export function userPlace(host: Host): Place {
  const { env, home, uid } = host;
  const configHome = env.XDG_CONFIG_HOME || path.join(home, '.config');
  const units = path.join(configHome, 'systemd', 'user');
  return {
    isSystem: false,
    unitFile: path.join(units, UNIT),
    dropIns: path.join(units, `${UNIT}.d`),
    transient: path.join(env.XDG_RUNTIME_DIR || `/run/user/${uid}`, 'systemd', 'user'),
    config: path.join(configHome, 'belfry'),
    // The manager of the user does not know the variables of a shell.
    state: path.join(home, '.local', 'state', 'belfry'),
    cache: path.join(home, '.cache', 'belfry'),
    systemctl: (...args) => host.run('systemctl', '--user', ...args),
    control: (...args) => must(host, 'systemctl', '--user', ...args),
    journalctl: (...args) => host.run('journalctl', '--user', ...args),
  };
}
