import path from 'node:path';
import type { DaemonSettings } from '../../core/ruleset.ts';

/** State directory of a daemon, and the files in it. */
export interface StatePaths {
  readonly state: string;
  readonly socket: string;
  readonly deadLetters: string;
  readonly inbox: string;
  readonly token: string;
  readonly key: string;
  /** Marks of attempts after a crash. */
  readonly attempts: string;
  /** Contains the path of the rules of the last daemon that used the directory. */
  readonly lastConfig: string;
  /** Folder of the last good rules. */
  readonly keptRules: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** `daemon.state`, then `$STATE_DIRECTORY` (systemd; the first of a list), then `$XDG_STATE_HOME/belfry`, then `~/.local/state/belfry`. Paths of `settings` are absolute; those of the environment are relative to `cwd`. */
export function statePaths(
  settings: Pick<DaemonSettings, 'state' | 'socket'>,
  env: Environment,
  cwd: string,
): StatePaths {
  const state = path.resolve(cwd, settings.state ?? defaultState(env));
  return {
    state,
    socket: path.resolve(cwd, settings.socket ?? path.join(state, 'belfry.sock')),
    deadLetters: path.join(state, 'dead-letters.jsonl'),
    inbox: path.join(state, 'inbox'),
    token: path.join(state, 'token'),
    key: path.join(state, 'key'),
    attempts: path.join(state, 'attempts'),
    lastConfig: path.join(state, 'last-config'),
    keptRules: path.join(state, 'kept-rules'),
  };
}

function defaultState(env: Environment): string {
  if (env.STATE_DIRECTORY) return env.STATE_DIRECTORY.split(':')[0]!;
  return path.join(env.XDG_STATE_HOME ?? path.join(env.HOME ?? '/', '.local', 'state'), 'belfry');
}

/**
 * State directories of services, whose environment a command does not have: those of `StateDirectory=belfry` in a unit of the system, and
 * in a unit of a user, where systemd before version 254 takes the folder of configurations.
 */
export function serviceStates(env: Environment): readonly string[] {
  return ['/var/lib/belfry', path.join(env.XDG_CONFIG_HOME ?? path.join(env.HOME ?? '/', '.config'), 'belfry')];
}

/** Name of the instance: `daemon.instance`, then that of the host. */
export function instanceName(
  settings: Pick<DaemonSettings, 'instance'> | undefined,
  { hostname }: { readonly hostname: string },
): string {
  return settings?.instance ?? hostname;
}

/** `--config`, then `$BELFRY_CONFIG`, then `./rules`, then `/etc/belfry`. */
export function configPath(
  given: string | undefined,
  env: Environment,
  cwd: string,
  exists: (path: string) => boolean,
): string {
  if (given !== undefined) return path.resolve(cwd, given);
  if (env.BELFRY_CONFIG) return path.resolve(cwd, env.BELFRY_CONFIG);
  const local = path.join(cwd, 'rules');
  return exists(local) ? local : '/etc/belfry';
}
