import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Kind of account with the file that lists the local ones: `NAME:x:ID:...` a line. */
const FILES = { passwd: '/etc/passwd', group: '/etc/group' } as const;
type Database = keyof typeof FILES;

const LOOKUP_TIMEOUT_MS = 5_000;

/** Number of a group by its name; undefined if the system does not know it. */
export async function groupId(name: string): Promise<number | undefined> {
  const found = await entryOf('group', name, 0);
  return found === undefined ? undefined : Number(found[2]);
}

/** Name of a user for messages, with its number. */
export async function userText(uid: number): Promise<string> {
  const name = (await entryOf('passwd', String(uid), 2))?.[0];
  return name === undefined ? `the user with the number ${uid}` : `\`${name}\``;
}

/** Name of a group, or its number if it has no name. */
export async function groupText(gid: number): Promise<string> {
  return (await entryOf('group', String(gid), 2))?.[0] ?? String(gid);
}

/** Name of a user, or its number with `#`, quoted for a shell; `sudo -u` takes both. */
export async function sudoUser(uid: number): Promise<string> {
  return (await entryOf('passwd', String(uid), 2))?.[0] ?? `'#${uid}'`;
}

/** Entry with this value in this field, from the local file or, by `getent`, from a directory service. */
async function entryOf(database: Database, value: string, field: 0 | 2): Promise<readonly string[] | undefined> {
  const find = (text: string): readonly string[] | undefined =>
    text
      .split('\n')
      .map((line) => line.split(':'))
      .find((entry) => entry.length > 2 && entry[field] === value);
  return find(await readFile(FILES[database], 'utf8').catch(() => '')) ?? find(await getent(database, value));
}

async function getent(database: Database, value: string): Promise<string> {
  try {
    return (await promisify(execFile)('getent', [database, '--', value], { timeout: LOOKUP_TIMEOUT_MS })).stdout;
  } catch {
    // The program does not exist on every system, and ends with 2 for an unknown name.
    return '';
  }
}
