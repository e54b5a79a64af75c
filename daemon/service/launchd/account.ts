import type { Owner } from '../files.ts';
import { type Host, must } from '../host.ts';
import { type Step, StepFailure } from '../plan.ts';

/** Ids that macOS gives to users of services (sysadminctl(8), `-roleAccount`). */
const ROLE_IDS = { from: 300, to: 399 } as const;

/** Ids of a user; undefined if there is none of this name. */
export async function findUser(host: Host, name: string): Promise<Owner | undefined> {
  const { code, stdout } = await host.run('dscl', '.', '-read', `/Users/${name}`, 'UniqueID', 'PrimaryGroupID');
  const uid = /^UniqueID: (\d+)$/m.exec(stdout)?.[1];
  const gid = /^PrimaryGroupID: (\d+)$/m.exec(stdout)?.[1];
  return code === 0 && uid !== undefined && gid !== undefined ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

/** Creates a user that cannot log in, with a group of the same name and number. */
export async function userSteps(host: Host, name: string, home: string): Promise<readonly Step[]> {
  const id = await freeId(host);
  const group = `/Groups/${name}`;
  const user = `/Users/${name}`;
  return [
    creation(host, `create the group ${name}`, group, { PrimaryGroupID: `${id}` }),
    creation(host, `create the user ${name}`, user, {
      UniqueID: `${id}`,
      PrimaryGroupID: `${id}`,
      UserShell: '/usr/bin/false',
      NFSHomeDirectory: home,
      IsHidden: '1',
    }),
  ];
}

function creation(host: Host, describe: string, record: string, values: Readonly<Record<string, string>>): Step {
  return {
    describe,
    async do() {
      await must(host, 'dscl', '.', '-create', record);
      for (const [key, value] of Object.entries(values)) await must(host, 'dscl', '.', '-create', record, key, value);
    },
    async undo() {
      await must(host, 'dscl', '.', '-delete', record);
    },
  };
}

/** Number that neither a user nor a group has. */
async function freeId(host: Host): Promise<number> {
  const lists = await Promise.all([
    host.run('dscl', '.', '-list', '/Users', 'UniqueID'),
    host.run('dscl', '.', '-list', '/Groups', 'PrimaryGroupID'),
  ]);
  const used = new Set(lists.flatMap(({ stdout }) => [...stdout.matchAll(/\s(-?\d+)$/gm)].map(([, id]) => Number(id))));
  for (let id: number = ROLE_IDS.to; id >= ROLE_IDS.from; id -= 1) if (!used.has(id)) return id;
  throw new StepFailure(`no id from ${ROLE_IDS.from} to ${ROLE_IDS.to} is free for a user of the service`);
}
