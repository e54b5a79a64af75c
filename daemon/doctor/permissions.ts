import { stat } from 'node:fs/promises';
import path from 'node:path';

/** User whose access is examined, with all groups. */
export interface ExaminedUser {
  readonly uid: number;
  readonly groups: ReadonlySet<number>;
}

/** A user who owns nothing and is in no group. */
export const ANYBODY: ExaminedUser = { uid: -1, groups: new Set() };

const READ = 4;
const ENTER = 1;

/** The first part of a path that the user may not enter or read; undefined when there is none. Access lists are not examined. */
export async function closedAt(file: string, user: ExaminedUser): Promise<string | undefined> {
  const parts = [file];
  for (let at = file; at !== path.dirname(at); at = path.dirname(at)) parts.unshift(path.dirname(at));
  for (const part of parts) {
    const found = await stat(part).catch(() => undefined);
    if (found === undefined) return undefined;
    const shift = found.uid === user.uid ? 6 : user.groups.has(found.gid) ? 3 : 0;
    if (((found.mode >> shift) & (part === file ? READ : ENTER)) === 0) return part;
  }
  return undefined;
}
