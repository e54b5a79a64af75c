import type { Host } from '../host.ts';
import { type InstallRequest, NOT_INSTALLED, type ServiceStatus } from '../manager.ts';
import { type Place, UNIT } from './place.ts';

/** Settings of the unit as systemd has loaded it. */
export type Properties = Readonly<Record<string, string>>;

const PROPERTIES = 'LoadState,UnitFileState,ActiveState,SubState,FragmentPath,User,Group,ExecStart';

export async function readProperties(place: Place): Promise<Properties> {
  const { stdout } = await place.systemctl('show', UNIT, `--property=${PROPERTIES}`);
  return Object.fromEntries(
    stdout
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

export function isActive({ ActiveState }: Properties): boolean {
  return ActiveState === 'active' || ActiveState === 'reloading';
}

export const isInstalled = ({ LoadState, FragmentPath }: Properties): boolean =>
  LoadState === 'loaded' && FragmentPath !== '';

/** State for `service status`. */
export async function readStatus(place: Place, host: Host): Promise<ServiceStatus> {
  const properties = await readProperties(place);
  if (!isInstalled(properties)) return NOT_INSTALLED;
  return {
    installed: true,
    enabled: ['enabled', 'enabled-runtime'].includes(properties.UnitFileState ?? ''),
    active: isActive(properties),
    unit: properties.FragmentPath!,
    user: place.isSystem ? properties.User || 'root' : host.userName,
    config: configOf(properties.ExecStart ?? '') ?? place.config,
    state: place.state,
  };
}

/** Settings of the installed unit that an installation can choose. User and group of a drop-in are not those of the unit, so its text is read. */
export function chosenBefore({ ExecStart = '' }: Properties, unit: string): Omit<InstallRequest, 'command'> {
  const [account, group] = ['User', 'Group'].map((name) => new RegExp(`^${name}=(.+)$`, 'm').exec(unit)?.[1]);
  return { config: configOf(ExecStart), account, socketGroup: group === account ? undefined : group };
}

/** `--config` in `{ path=... ; argv[]=/usr/bin/node ... run --config /etc/belfry ; ignore_errors=no ; ... }`. */
function configOf(execStart: string): string | undefined {
  return /argv\[\]=.*? --config[ =](.+?) ; /.exec(execStart)?.[1];
}
