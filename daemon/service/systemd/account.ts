import { type Host, must } from '../host.ts';
import type { Owner } from '../files.ts';
import { StepFailure, type Step } from '../plan.ts';

export const DEFAULT_ACCOUNT = 'belfry';

const HOME = '/var/lib/belfry';

/** Ids of a user; undefined if there is none of this name. */
export async function findUser(host: Host, name: string): Promise<Owner | undefined> {
  const { code, stdout } = await host.run('getent', 'passwd', name);
  const [, , uid, gid] = stdout.split(':');
  return code === 0 ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** Ids of a user that exists or that an earlier step has created. */
export async function ownerOf(host: Host, name: string): Promise<Owner> {
  const found = await findUser(host, name);
  if (found === undefined) throw new StepFailure(`there is no user ${name}`);
  return found;
}

export async function hasGroup(host: Host, name: string): Promise<boolean> {
  return (await host.run('getent', 'group', name)).code === 0;
}

/** Creates a user that cannot log in, with a group of the same name. */
export function userStep(host: Host, name: string): Step {
  return {
    describe: `create the system user ${name}`,
    async do() {
      const group = (await hasGroup(host, name)) ? ['--gid', name] : ['--user-group'];
      const shell = ['--no-create-home', '--shell', '/usr/sbin/nologin'];
      await must(host, 'useradd', '--system', ...group, '--home-dir', HOME, ...shell, name);
    },
    async undo() {
      await must(host, 'userdel', name);
    },
  };
}

/** Steps that remove the user, if it is one that an installation has created. */
export async function userRemoval(host: Host, name: string): Promise<readonly Step[]> {
  const { code, stdout } = await host.run('getent', 'passwd', name);
  if (code !== 0 || stdout.split(':')[5] !== HOME) return [];
  return [
    {
      describe: `remove the system user ${name}`,
      async do() {
        await must(host, 'userdel', name);
      },
    },
  ];
}
