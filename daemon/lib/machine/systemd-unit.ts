import { type Machine, outputOf } from './machine.ts';

/** Manager of a unit: that of the system, or that of the user. */
export type Manager = 'system' | 'user';

const UNIT = 'belfry.service';

/** Properties of the unit by name; undefined where there is no systemd or no such unit. */
export async function readUnit(
  machine: Machine,
  manager: Manager,
  properties: readonly string[],
): Promise<Readonly<Record<string, string>> | undefined> {
  const scope = manager === 'user' ? ['--user'] : [];
  const wanted = `--property=LoadState,${properties.join(',')}`;
  const text = await outputOf(machine, 'systemctl', [...scope, 'show', UNIT, wanted]);
  const found = Object.fromEntries(
    (text ?? '').split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)]] : [];
    }),
  ) as Readonly<Record<string, string>>;
  return found.LoadState === 'loaded' ? found : undefined;
}
